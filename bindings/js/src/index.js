import * as modules from './wasm/all.js';
import { offer } from './wasm.js';

offer({ all: true, ...modules });

export * from './main.js';
import * as oscar from './main.js';
export default oscar;
