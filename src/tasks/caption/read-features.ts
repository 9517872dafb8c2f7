import type { DataFile } from "../../data/data-source.ts";
import type { PictureStore } from "./pictures.ts";
export async function readFeatures(_file: DataFile): Promise<{ names?: string[]; store: PictureStore }> {
  throw new Error("not yet");
}
