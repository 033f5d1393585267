// Between instants and clock readings in the time zone of this JavaScript.
//
// node-oracledb reads DATE and TIMESTAMP as clock readings in the local time zone, as JavaScript's
// own `new Date(year, month, ...)` does. A batch carries such a reading as the milliseconds that it
// would be in UTC.

const DAY = 86_400_000;

/** The instant at which local clocks show what UTC clocks show at `reading`. */
function instantOf(reading) {
  const utc = new Date(reading);
  // Set piece by piece: the constructor takes the years 0 to 99 for 1900 to 1999.
  const local = new Date(2000, 0, 1);
  local.setFullYear(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate());
  local.setHours(
    utc.getUTCHours(), utc.getUTCMinutes(), utc.getUTCSeconds(), utc.getUTCMilliseconds(),
  );
  return local.getTime();
}

/**
 * Makes a converter from readings to instants that remembers, day by day, how far the two are
 * apart; a day in which the clocks change is worked out reading by reading.
 */
export function localClock() {
  let day = NaN;
  let shift = NaN;
  return (reading) => {
    const thisDay = Math.floor(reading / DAY);
    if (thisDay !== day) {
      day = thisDay;
      const start = day * DAY;
      const atStart = instantOf(start) - start;
      const atEnd = instantOf(start + DAY) - (start + DAY);
      shift = atStart === atEnd ? atStart : NaN;
    }
    return shift === shift ? reading + shift : instantOf(reading);
  };
}

/** What a local clock shows at the instant of `date`, as the milliseconds that it would be in UTC. */
export function readingOf(date) {
  const reading = new Date(0);
  reading.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate());
  reading.setUTCHours(
    date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds(),
  );
  return reading.getTime();
}
