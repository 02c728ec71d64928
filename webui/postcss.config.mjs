export default {
  plugins: {
    'postcss-preset-mantine': {},
    'postcss-simple-vars': { variables: { 'bp-sm': '48em', 'bp-md': '62em', 'bp-lg': '75em' } },
  },
};
