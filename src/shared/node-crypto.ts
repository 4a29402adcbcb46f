/**
 * Node's `crypto`, for code that every start loads but few use: an import statement would load it, and
 * the 40 modules of its own, at each start.
 */
export const nodeCrypto = () => process.getBuiltinModule('node:crypto');
