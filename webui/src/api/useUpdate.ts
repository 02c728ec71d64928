import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type ErrorTarget, useAction } from './useAction';
import { type EditOptions, useEdit } from './useEdit';

type Options<T extends { etag: string }, D, C, I extends DescMessage, O extends DescMessage> = EditOptions<
  T,
  D,
  C,
  ErrorTarget
> & {
  /** The document's name, as refusals spell it. */
  name: string;
  /** What to send, to save a draft over a state of the document. */
  request: (draft: D, on: T, base: T) => MessageInitShape<I>;
  /** The document as it was saved. */
  result: (answer: MessageShape<O>) => T | undefined;
  done?: (answer: MessageShape<O>) => string;
  /** Nothing is left to save, unless something was typed meanwhile. */
  onSaved?: (saved: T | undefined, isTyped: boolean) => void;
};

/**
 * The one way to edit a document and save it: useEdit and useAction, with what was typed while a save was under way kept
 * as what is not saved yet. <EditBar edit={edit} update={update} onSave={save} /> shows all of it.
 */
export function useUpdate<T extends { etag: string }, D, C, I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  { name, request, result, done, onSaved, ...options }: Options<T, D, C, I, O>,
) {
  const { form } = options;
  const edit = useEdit(options);
  const update = useAction(method, {
    form: { target: form, name },
    onConflict: edit.found,
    done,
    onDone: (answer) => {
      const saved = result(answer);
      const isTyped = saved !== undefined && edit.saved(saved);
      onSaved?.(saved, isTyped);
    },
  });
  const save = (on: T) => {
    edit.saving();
    update.run(request(form.getValues(), on, edit.base));
  };
  return { edit, update, save };
}
