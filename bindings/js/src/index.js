import './library.js';
import * as oscar from './main.js';

export * from './main.js';
export default oscar;
