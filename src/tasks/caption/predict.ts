/** What a trained captioner writes for pictures in files. */
import type { LoadHooks } from "../../core/hooks.ts";
import type { DataFile } from "../../data/data-source.ts";
import type { RgbImage } from "../../io/image.ts";
import type { Captioner } from "../../models/captioner.ts";
import { type CaptionerConfig, mapOf } from "../../models/captioner-config.ts";
import type { CaptionPrediction } from "../predictions.ts";
import type { Prediction, TrainedModel } from "../task.ts";
import { completeSearch, type Search, searchCaptions } from "./decode.ts";
import type { CaptionSettings } from "./defaults.ts";
import { type CaptionFacts, limitOf, tokensOf } from "./facts.ts";
import { drawPredicted } from "./picture.ts";
import { scaleStore, sizeOf, storeOf, takePictures } from "./pictures.ts";
import { readPicture } from "./read-data.ts";
import { readFeatures } from "./read-features.ts";

type Trained = TrainedModel<CaptionSettings, CaptionerConfig, CaptionFacts, Captioner>;

/** The pictures of predictions, which no line of them has. */
const seen = new WeakMap<Prediction, RgbImage>();

export async function* predictFile(
  trained: Trained,
  file: DataFile,
  _: LoadHooks,
): AsyncIterable<Prediction> {
  const { facts } = trained;
  const { input } = facts;
  const search = completeSearch(trained.search ?? {}, limitOf(facts));
  if (input.kind === "features") {
    const { names, store } = await readFeatures(file);
    const scaled = scaleStore(store, input, file.name);
    const count = store.values.length / sizeOf(store);
    for (let row = 0; row < count; row++) {
      yield await describe(
        trained,
        search,
        names?.[row] ?? `${file.name}:${row}`,
        takePictures(scaled, [row]),
      );
    }
    return;
  }
  const image = await readPicture(file, input.side);
  const prediction = await describe(trained, search, file.name, takePictures(storeOf(image), [0]));
  seen.set(prediction, image);
  yield prediction;
}

async function describe(
  trained: Trained,
  search: Search,
  name: string,
  picture: Float32Array,
): Promise<Prediction> {
  const { facts, config } = trained;
  const tokens = tokensOf(facts);
  const [{ hypotheses }] = await searchCaptions(trained, picture, 1, search);
  const all = hypotheses.map(({ symbols, logProbability, score, ended }) => ({
    caption: tokens.decode(symbols),
    logProbability,
    score,
    ended,
  }));
  const [{ symbols, weights, ended }] = hypotheses;
  const { caption } = all[0];
  const attention = weights && {
    ...gridOf(config),
    words: [...Array.from(symbols, (id) => tokens.symbol(id)), ...(ended ? [END_MARK] : [])],
    weights: weights.map((list) => Array.from(list)),
  };
  return {
    text: [name, ...all.map((one) => one.caption)].join("\t"),
    json: {
      input: name,
      caption,
      hypotheses: all,
      ...(attention !== undefined && { attention }),
    } satisfies CaptionPrediction,
  };
}

/** Stands for the end of a caption in a picture. */
const END_MARK = "(end)";

/** Rows and columns of the places that are attended. Given features do not say how theirs lie. */
function gridOf(config: CaptionerConfig): { readonly rows: number; readonly columns: number } {
  if (config.image !== null) {
    const { rows, columns } = mapOf(config);
    return { rows, columns };
  }
  const root = Math.sqrt(config.places);
  return Number.isInteger(root) ? { rows: root, columns: root } : { rows: 1, columns: config.places };
}

/** Where a model looked as it wrote each word; a sheet of captions for models that look at a picture once. */
export function drawPredictions(predictions: readonly Prediction[]): string {
  return drawPredicted(
    predictions.map((prediction) => ({
      image: seen.get(prediction),
      ...(prediction.json as unknown as CaptionPrediction),
    })),
  );
}
