// Offers the module of all protocols; opened at first use.

import * as modules from './wasm/all.js';
import { offer } from './wasm.js';

offer({ all: true, ...modules });
