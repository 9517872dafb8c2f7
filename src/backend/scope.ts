import { ScopeError } from "../core/errors.ts";
import { Arena, type Scope } from "./arena.ts";
import type { Backend } from "./backend.ts";
import { defaultBackend } from "./default.ts";

/** Where operations put their results right now. */
interface Frame {
  readonly scope: Scope;
  /** Where `detach` puts what the next frame needs. */
  readonly carry: Scope | undefined;
}

// A scope is synchronous and never spans an await, so a module-level stack is exact.
const stack: Frame[] = [];

export function currentFrame(): Frame | undefined {
  return stack.at(-1);
}

function run<Result>(frame: Frame, work: () => Result): Result {
  stack.push(frame);
  try {
    // A plain function may return the promise of a read(); an async one would go on after its scope has ended.
    if (work.constructor.name === "AsyncFunction") {
      throw new ScopeError("a scope must be synchronous: its function is async", {
        hint: "await before or after it; inside, start a read() and return its promise",
      });
    }
    return work();
  } finally {
    stack.pop();
    frame.scope.arena.close(frame.scope);
  }
}

/**
 * Arenas of one loop: `temporary` is emptied at the end of each frame; two carry arenas take turns, so that what
 * one frame detaches is whole until the end of the next.
 */
export class Frames {
  private readonly temporary: Arena;
  private readonly carries: [Arena, Arena];
  private readonly open: [Scope | undefined, Scope | undefined] = [undefined, undefined];
  private turn = 0;

  readonly backend: Backend;

  constructor(backend: Backend = defaultBackend()) {
    this.backend = backend;
    this.temporary = new Arena(backend);
    this.carries = [new Arena(backend), new Arena(backend)];
  }

  /** Run one step. Everything allocated in it is gone afterwards, except what `detach` carried over. */
  run<Result>(work: () => Result): Result {
    const turn = this.turn;
    const stale = this.open[turn];
    if (stale !== undefined) this.carries[turn].close(stale);
    const carry = this.carries[turn].open();
    this.open[turn] = carry;
    this.turn = 1 - turn;
    return run({ scope: this.temporary.open(), carry }, work);
  }

  /** Give the memory back to the heap. */
  dispose(): void {
    for (const index of [0, 1]) {
      const scope = this.open[index];
      if (scope !== undefined) this.carries[index].close(scope);
      this.open[index] = undefined;
      this.carries[index].dispose();
    }
    this.temporary.dispose();
  }
}

const shared = new WeakMap<Backend, Arena>();

/**
 * Run `work`; every tensor made in it is gone afterwards. Return numbers, promises of `read()`, or tensors after
 * `.keep()`. Scopes nest.
 */
export function scope<Result>(work: () => Result, backend?: Backend): Result {
  const outer = currentFrame();
  if (outer !== undefined) return run({ scope: outer.scope.arena.open(), carry: outer.carry }, work);
  const home = backend ?? defaultBackend();
  let arena = shared.get(home);
  if (arena === undefined) {
    arena = new Arena(home);
    shared.set(home, arena);
  }
  return run({ scope: arena.open(), carry: undefined }, work);
}
