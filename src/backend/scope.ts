import { InputError, ScopeError, UnrolledError } from "../core/errors.ts";
import { showValue } from "../core/show-value.ts";
import { Arena, type Place, type Scope } from "./arena.ts";
import { type Address, type Backend, checkBackend, showBackends, WORD } from "./backend.ts";
import { defaultBackend } from "./default.ts";

/** Where operations currently allocate their results. */
interface Frame {
  readonly scope: Scope;
  /** Where `detach` allocates the tensors that the next frame uses. */
  readonly carry: Scope | undefined;
}

// A scope is synchronous and never spans an await, so one stack per module is sufficient.
const stack: Frame[] = [];

export function currentFrame(): Frame | undefined {
  return stack.at(-1);
}

/**
 * Checks that the open scope, in which results are allocated, is on the backend of the operands.
 * @param what the owner of the backend in the error, such as `add: its operands`
 * @throws ScopeError that names both backends
 */
export function requireScopeOn(what: string, backend: Backend): void {
  const open = stack.at(-1)?.scope.arena.backend;
  if (open === undefined || open === backend) return;
  const [theirs, ours] = showBackends(backend, open);
  throw new ScopeError(`${what} must be on the backend of the open scope, ${ours}, got ${theirs}`, {
    hint: `open the scope there, scope(work, backend), or make both on one backend`,
  });
}

/**
 * Converts the failure of a kernel at an address outside its heap: WebAssembly traps, and the addon throws. Arguments
 * are checked before kernels run, so this is a bug of this package, but it is reported as a library error like any
 * other.
 */
function kernelFailure(error: unknown): unknown {
  const isTrap = typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError;
  const isRefused = (error as { code?: unknown } | undefined)?.code === "ERR_UNROLLED_NATIVE";
  if (!isTrap && !isRefused) return error;
  return new UnrolledError("KERNEL", "failure", `a kernel has stopped: ${(error as Error).message}`, {
    cause: error,
    hint: "please report this with the call that led to it",
  });
}

function run<Result>(frame: Frame, work: () => Result): Result {
  stack.push(frame);
  try {
    // A plain function may return the promise of a read(). An async function would continue after its scope has ended.
    if (work.constructor?.name === "AsyncFunction") {
      throw new ScopeError("a scope must be synchronous: its function is async", {
        hint: "await before or after it; inside, start a read() and return its promise",
      });
    }
    return work();
  } catch (error) {
    throw kernelFailure(error);
  } finally {
    stack.pop();
    frame.scope.arena.close(frame.scope);
  }
}

/**
 * For the backward pass: runs `work`, then frees everything that it allocated in the open scope except the tensors that
 * it returns. Those live as long as the open scope.
 */
export function reclaim(work: () => readonly Place[]): void {
  const { scope: outer, carry } = stack.at(-1)!;
  const inner = outer.arena.open();
  stack.push({ scope: inner, carry });
  let kept: readonly Place[] = [];
  try {
    kept = work();
  } finally {
    stack.pop();
    outer.arena.close(inner, kept);
  }
}

/**
 * Runs `work` with the address of `words` words of scratch memory in the open scope, and frees them afterwards.
 * @throws ScopeError outside all scopes; OutOfMemoryError
 */
export function withScratch(words: number, work: (scratch: Address) => void): void {
  const frame = stack.at(-1);
  if (frame === undefined) throw new ScopeError("scratch has no scope to live in");
  const { arena } = frame.scope;
  const inner = arena.open();
  try {
    work(inner.allocate(words * WORD, [words]));
  } finally {
    arena.close(inner);
  }
}

function checkWork(where: string, work: unknown): void {
  if (typeof work !== "function") {
    throw new InputError(`${where} must be a function, got ${showValue(work)}`);
  }
}

/**
 * The arenas of one loop. `temporary` is emptied at the end of each frame. Two carry arenas alternate, so that tensors
 * that one frame detaches are valid until the end of the next.
 */
export class Frames {
  private readonly temporary: Arena;
  private readonly carries: [Arena, Arena];
  private readonly open: [Scope | undefined, Scope | undefined] = [undefined, undefined];
  private turn = 0;

  readonly backend: Backend;

  constructor(backend: Backend = defaultBackend()) {
    checkBackend("Frames: backend", backend);
    this.backend = backend;
    this.temporary = new Arena(backend);
    this.carries = [new Arena(backend), new Arena(backend)];
  }

  /** Runs one step. Everything that it allocates is freed afterwards, except tensors that `detach` carried over. */
  run<Result>(work: () => Result): Result {
    checkWork("Frames.run: work", work);
    const turn = this.turn;
    const stale = this.open[turn];
    if (stale !== undefined) this.carries[turn].close(stale);
    const carry = this.carries[turn].open();
    this.open[turn] = carry;
    this.turn = 1 - turn;
    return run({ scope: this.temporary.open(), carry }, work);
  }

  /** Returns the memory to the heap. */
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

function sharedArena(backend: Backend): Arena {
  let arena = shared.get(backend);
  if (arena === undefined) {
    arena = new Arena(backend);
    shared.set(backend, arena);
  }
  return arena;
}

/**
 * Runs `work` and frees every tensor that was made in it. Return numbers, promises of `read()`, or tensors after
 * `.keep()`. Scopes nest.
 * @param work a synchronous function
 * @param backend the backend of the tensors that `work` makes. Default: that of the enclosing scope, else the default
 * backend. Operands on another backend are refused, so pass the backend of the model.
 * @returns the result of `work`
 * @throws InputError if `work` is not a function or `backend` is not a backend; ScopeError for an async function
 */
export function scope<Result>(work: () => Result, backend?: Backend): Result {
  checkWork("scope: work", work);
  if (backend !== undefined) checkBackend("scope: backend", backend);
  const outer = currentFrame();
  const home = backend ?? outer?.scope.arena.backend ?? defaultBackend();
  if (outer?.scope.arena.backend === home) {
    return run({ scope: outer.scope.arena.open(), carry: outer.carry }, work);
  }
  return run({ scope: sharedArena(home).open(), carry: undefined }, work);
}
