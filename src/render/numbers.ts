/** Numbers as people read them. */

/** 1204 -> `1,204` */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Seconds -> `0:42`, `12:05`, `1:02:03` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const end = `${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${end}` : `${minutes}:${end}`;
}

/** A loss in nats: three decimals, which is about what one evaluation can tell. */
export function nats(loss: number): string {
  return loss < 1000 ? loss.toFixed(3) : loss.toPrecision(4);
}

/** A share as `0%`, `0.03%`, `4.2%`, `57%`, `100%`: 0 and 100 only where they are exact. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${100 * share}%`;
  const value = Math.min(99.9, Math.max(0.01, 100 * share));
  return `${value < 1 ? value.toFixed(2) : value < 10 || value > 99 ? value.toFixed(1) : value.toFixed(0)}%`;
}

/** Units a second: `850`, `9.4k`, `212k`, `1.3M` */
export function speed(perSecond: number): string {
  if (perSecond < 1000) return perSecond.toFixed(0);
  const [value, letter] = perSecond < 999_500 ? [perSecond / 1e3, "k"] : [perSecond / 1e6, "M"];
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)}${letter}`;
}

/** `31% below`, `4% above`, `level with`: how a loss stands to the one that is to be beaten. */
export function comparison(loss: number, baseline: number): string {
  const percent = Math.round(100 * (loss / baseline - 1));
  if (percent === 0) return "level with";
  if (percent > 999) return "far above";
  return percent < 0 ? `${-percent}% below` : `${percent}% above`;
}
