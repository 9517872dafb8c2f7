/** A small server of static files, for pages in tests. */
import { readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Both headers together isolate a page from other sites; only then does it have SharedArrayBuffer. */
export const ISOLATION: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
}

export interface ServerOptions {
  /** Sent with everything. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers a path in place of the file, where it gives anything. */
  readonly answer?: (path: string) => Answer | undefined;
}

export interface StaticServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** Every path that was asked for, in order. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Serves the files of a folder on a free port of this machine. */
export async function serveFolder(folder: string, options: ServerOptions = {}): Promise<StaticServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://host").pathname);
    requests.push(path);
    const { status = 200, type, body } = options.answer?.(path) ?? fileAnswer(folder, path);
    const contentType = type === undefined ? {} : { "Content-Type": type };
    response.writeHead(status, { ...options.headers, ...contentType });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, requests, close: () => close(server) };
}

function fileAnswer(folder: string, path: string): Answer {
  // `normalize` leaves no `..` in an absolute path.
  let file = join(folder, normalize(path));
  try {
    if (statSync(file).isDirectory()) file = join(file, "index.html");
    return { type: TYPES[extname(file)] ?? "application/octet-stream", body: readFileSync(file) };
  } catch {
    return { status: 404, type: "text/html", body: "<!doctype html><title>Not found</title>" };
  }
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) =>
    server.close((error) => (error === undefined ? resolve() : reject(error))),
  );
}
