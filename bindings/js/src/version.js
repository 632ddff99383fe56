// Of package.json; the library must be of the same.
export const VERSION = '0.1.0';
