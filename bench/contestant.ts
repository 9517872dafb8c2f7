/** The runner's side of the protocol: one child process, one request at a time. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import {
  type InitRequest,
  parseReply,
  type ReadyReply,
  type Reply,
  type Request,
  type StepReply,
} from "./protocol.ts";

/** How a contestant is started and asked. */
export interface Contestant {
  /** As `--only` takes it and tables print it. */
  name: string;
  /** Program and arguments. */
  command: readonly string[];
  backend?: string;
  threads: number;
  /** Variables of its environment besides those of this process. */
  env?: Readonly<Record<string, string>>;
  /** Hidden sizes that it is measured at; all when absent. */
  hidden?: readonly number[];
  /** Steps before the clock counts, at least. */
  warmupSteps: number;
  /** Measured steps, at least, however slow they are. */
  minimumSteps: number;
  /** What to type when its library is missing. */
  install?: string;
}

/** The contestant crashed, hung, or answered nonsense. The message is one line. */
export class ContestantError extends Error {}

/** The contestant's library is not installed. */
export class MissingLibraryError extends Error {}

const STDERR_KEPT = 4000;

export class ContestantProcess {
  private readonly child: ChildProcess;
  private readonly timeoutMs: number;
  private stderr = "";
  private ended: string | undefined;
  private waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;

  /** @param timeoutMs how long any one request may take */
  constructor(contestant: Contestant, timeoutMs: number) {
    this.timeoutMs = timeoutMs;
    const [program, ...args] = contestant.command;
    this.child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...contestant.env },
    });
    this.child.on("error", (error) => this.end(`cannot be started: ${error.message}`));
    this.child.on("close", (code, signal) => {
      const lastLine = this.stderr.trim().split("\n").at(-1);
      this.end(`ended (${signal ?? `exit status ${code}`})${lastLine ? `: ${lastLine}` : ""}`);
    });
    this.child.stdin?.on("error", () => {}); // a broken pipe: "close" follows and says why
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
    });
    if (this.child.stdout === null) throw new ContestantError("has no stdout");
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const reply = parseReply(line);
      if (reply === null) return;
      this.waiting?.resolve(reply);
      this.waiting = undefined;
    });
  }

  /** @throws MissingLibraryError, ContestantError */
  async init(request: InitRequest): Promise<ReadyReply> {
    const reply = await this.ask(request);
    if (!("ready" in reply)) throw new ContestantError(`answered init with ${JSON.stringify(reply)}`);
    return reply;
  }

  /** Load the library, make nothing. @throws MissingLibraryError, ContestantError */
  async load(): Promise<void> {
    const reply = await this.ask({ cmd: "load" });
    if (!("loaded" in reply)) throw new ContestantError(`answered load with ${JSON.stringify(reply)}`);
  }

  /** Of the process. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Make and time `n` training steps. @throws ContestantError */
  async step(n: number): Promise<StepReply> {
    const reply = await this.ask({ cmd: "step", n });
    if (!("ms" in reply) || reply.ms.length !== n || reply.losses?.length !== n) {
      throw new ContestantError(`answered step ${n} with ${JSON.stringify(reply).slice(0, 200)}`);
    }
    return reply;
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }

  private async ask(request: Request): Promise<Reply> {
    if (this.ended !== undefined) throw new ContestantError(this.ended);
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Reply>((resolve, reject) => {
      this.waiting = { resolve, reject };
      timer = setTimeout(() => {
        this.end(`gave no answer to ${request.cmd} within ${this.timeoutMs / 1000} s`);
        this.child.kill("SIGKILL");
      }, this.timeoutMs);
      this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
    const reply = await answer.finally(() => clearTimeout(timer));
    if ("missing" in reply) throw new MissingLibraryError(reply.missing);
    if ("error" in reply) throw new ContestantError(reply.error.trim().split("\n").join(" | ").slice(0, 400));
    return reply;
  }

  private end(reason: string): void {
    this.ended ??= reason;
    this.waiting?.reject(new ContestantError(this.ended));
    this.waiting = undefined;
  }
}
