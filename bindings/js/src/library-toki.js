// Offers the small module, a client in a handed-out session; where the one of all protocols is offered too, that one is opened.

import * as modules from './wasm/toki.js';
import { offer } from './wasm.js';

offer({ all: false, ...modules });
