/** Whether tests are to make all of their calls and cases, as `npm run test:long` does, instead of a telling part. */
export const LONG: boolean = process.env.UNROLLED_LONG !== undefined;
