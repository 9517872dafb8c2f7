import { type FileSystem, nodeFileSystem, type OpenFile } from "../../src/runs/file-system.ts";

type Operation = keyof FileSystem | "write" | "sync" | "close";

/** A disk that fails: Node's, until an operation on a matching path is told to fail. */
export class FaultyFileSystem implements FileSystem {
  /** Every operation so far, as `rename step-1.safetensors`. */
  readonly calls: string[] = [];
  private fault: { operation: Operation; path: RegExp; code: string; after: number } | undefined;

  /** From now on `operation` on paths that match fails with `code`, after `after` bytes for a write. */
  failAt(operation: Operation, path: RegExp, code: string, after = 0): void {
    this.fault = { operation, path, code, after };
  }

  mend(): void {
    this.fault = undefined;
  }

  mkdir(folder: string) {
    return this.pass("mkdir", folder, () => nodeFileSystem.mkdir(folder));
  }
  readFile(path: string) {
    return this.pass("readFile", path, () => nodeFileSystem.readFile(path));
  }
  isLink(path: string) {
    return this.pass("isLink", path, () => nodeFileSystem.isLink(path));
  }
  readdir(folder: string) {
    return this.pass("readdir", folder, () => nodeFileSystem.readdir(folder));
  }
  rename(from: string, to: string) {
    return this.pass("rename", to, () => nodeFileSystem.rename(from, to));
  }
  unlink(path: string) {
    return this.pass("unlink", path, () => nodeFileSystem.unlink(path));
  }
  rmdir(folder: string) {
    return this.pass("rmdir", folder, () => nodeFileSystem.rmdir(folder));
  }
  truncate(path: string, bytes: number) {
    return this.pass("truncate", path, () => nodeFileSystem.truncate(path, bytes));
  }
  syncFolder(folder: string) {
    return this.pass("syncFolder", folder, () => nodeFileSystem.syncFolder(folder));
  }

  async open(path: string, mode: "new" | "append"): Promise<OpenFile> {
    const file = await this.pass("open", path, () => nodeFileSystem.open(path, mode));
    return {
      write: async (bytes) => {
        const fault = this.faultOf("write", path);
        if (fault === undefined) return file.write(bytes);
        if (fault.after === 0) throw systemError(fault.code);
        // A full disk takes what fits first, and says so at the next write.
        const fits = Math.min(fault.after, bytes.byteLength);
        fault.after -= fits;
        return file.write(bytes.subarray(0, fits));
      },
      sync: () => this.pass("sync", path, () => file.sync()),
      // A file that fails to close is closed all the same.
      close: async () => {
        await file.close();
        await this.pass("close", path, async () => {});
      },
    };
  }

  private async pass<T>(operation: Operation, path: string, work: () => Promise<T>): Promise<T> {
    this.calls.push(`${operation} ${path.replace(/^.*\//, "").replace(/^\.tmp-\d+-[0-9a-f]+-/, "tmp:")}`);
    const fault = this.faultOf(operation, path);
    if (fault !== undefined) throw systemError(fault.code);
    return work();
  }

  private faultOf(operation: Operation, path: string) {
    return this.fault?.operation === operation && this.fault.path.test(path) ? this.fault : undefined;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
