// Package importer brings the models that providers list into the configuration: it
// previews and makes imports, removes what they brought, repeats them on a schedule, and
// tests providers. What an import does with a model is decided by Compare, which does no
// I/O; package remote talks to providers.
//
// What is promised:
//
//   - A model that an admin wrote is never touched, and neither is a field that an admin
//     changed: models remember what imports wrote (ModelImport), and a field that differs
//     from it belongs to the admin. Imports add and fill in; they never clear a field.
//   - A model that an admin removed does not come back, unless that is asked for.
//   - A model that the provider no longer lists is flagged with the time, and stays routed.
//   - An alias that is taken is reported. The import is refused, or made without that alias
//     where the rules say so. An alias that a group uses is not changed.
//   - A list that cannot be read, or is empty, changes nothing. Leaving before the writing
//     changes nothing. All providers of one request are written in one transaction.
//   - Two imports at once, or an import and an edit, lose nothing: an import compares again
//     inside its transaction.
package importer
