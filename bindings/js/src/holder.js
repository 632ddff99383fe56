// What keeps the library's memory in order: a handle is freed by close(), or when its object is collected. Nothing here is public.

import { abi } from './abi.js';
import { door, handleOf } from './door.js';

const registry = new FinalizationRegistry(({ free, handle }) => abi[free](handle));

/** An object of the library: closed by hand, by `using`, or with the last reference to it. */
export class Held {
  #handle = 0n;
  #free;
  #spent = false;

  /** Takes a handle over; `free` is the call that gives it back. */
  hold(handle, free) {
    this.#handle = handle;
    this.#free = free;
    registry.register(this, { free, handle }, this);
  }

  /** The handle; after close() one that the library refuses. */
  get handle() {
    return this.#handle;
  }

  /** The handle for the one call that uses it up; a second one is `replayed`. */
  spend() {
    registry.unregister(this);
    this.#spent = true;
    return this.#handle;
  }

  /** Gives the memory back. What it is asked afterwards is refused. */
  close() {
    if (this.#handle === 0n || this.#spent) return;
    registry.unregister(this);
    const handle = this.#handle;
    this.#handle = 0n;
    abi[this.#free](handle);
  }
}
if (Symbol.dispose) Object.defineProperty(Held.prototype, Symbol.dispose, { value: Held.prototype.close });

const SLAB = 64;
const slabs = new FinalizationRegistry(({ handles, free }) => {
  for (const handle of handles) if (handle !== 0) abi[free](handleOf(handle));
});

/** Contexts of single requests, 64 to a page: a page is freed when the last of its objects is collected, which costs a request next to nothing. */
export class Slab {
  #free;
  #page;
  #used = SLAB;

  constructor(free) {
    this.#free = free;
  }

  /** The page of the next context. */
  page() {
    if (this.#used === SLAB) {
      this.#page = new Page();
      slabs.register(this.#page, { handles: this.#page.handles, free: this.#free });
      this.#used = 0;
    }
    return this.#page;
  }

  /** Keeps a context in that page; its index there. */
  keep(context) {
    this.#page.handles[this.#used] = context;
    return this.#used++;
  }
}

class Page {
  handles = new Array(SLAB).fill(0);
}

/** Reads the handle of a context as a number, from the memory. */
export const contextAt = (at) => door.view.getFloat64(at, true);
