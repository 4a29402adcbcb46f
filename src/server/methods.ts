export const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export const apiMethods: ReadonlySet<string> = new Set([
  ...readMethods,
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
]);
