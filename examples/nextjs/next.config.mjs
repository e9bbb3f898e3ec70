// standalone: the build collects the server and only the modules that it needs.
export default {
  output: 'standalone',
  poweredByHeader: false,
  outputFileTracingRoot: import.meta.dirname,
};
