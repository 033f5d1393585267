import assert from "node:assert/strict";
import test from "node:test";

import { localClock, readingOf } from "../times.js";

const ZONES = [
  "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
  "America/Sao_Paulo", "Pacific/Apia",
];

function inZone(zone, work) {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    work();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

/** The clock reading as new Date(year, month, ...) reads it. */
function expected(reading) {
  const utc = new Date(reading);
  const date = new Date(2000, 0, 1);
  date.setFullYear(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate());
  date.setHours(utc.getUTCHours(), utc.getUTCMinutes(), utc.getUTCSeconds(), utc.getUTCMilliseconds());
  return date.getTime();
}

test("a clock reading is taken as local time, on days when clocks change as well", () => {
  for (const zone of ZONES) {
    inZone(zone, () => {
      const instantOf = localClock();
      for (const year of [44, 1883, 1970, 2011, 2024]) {
        for (let hour = 0; hour < 366 * 24; hour += 5) {
          const reading = new Date(0).setUTCFullYear(year, 0, 1) + hour * 3_600_000 + 1_234_567;
          assert.equal(instantOf(reading), expected(reading), `${zone} ${new Date(reading).toISOString()}`);
        }
      }
    });
  }
});

test("a Date goes out as what local clocks show, and comes back the same", () => {
  for (const zone of ZONES) {
    inZone(zone, () => {
      const date = new Date(2024, 6, 1, 12, 34, 56, 789);
      assert.equal(new Date(readingOf(date)).toISOString(), "2024-07-01T12:34:56.789Z");
      assert.equal(localClock()(readingOf(date)), date.getTime());
    });
  }
});
