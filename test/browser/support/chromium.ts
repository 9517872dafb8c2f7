/** A headless Chromium for tests and measurements, driven by playwright-core, which brings no browser of its own. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Headless, without a sandbox (CI runs as root), and without what Chromium does in the background. */
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The browser that UNROLLED_CHROMIUM names, or the first of NAMES on the PATH. */
function findChromium(): string | undefined {
  const named = process.env.UNROLLED_CHROMIUM;
  if (named !== undefined && named !== "") return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return paths.find(isExecutable);
}

export const CHROMIUM = findChromium();

/** @throws an error of playwright-core where there is none */
export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: false, args: FLAGS });
}

/** What a page has written to its console as an error, and errors that nobody has caught. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
  return errors;
}
