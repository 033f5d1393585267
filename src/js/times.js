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

// So many readings are worked out one by one before days are remembered: a result of a few rows
// has more days than it has readings of the same day.
const FEW = 8;

/**
 * Makes a converter from readings to instants that remembers, day by day, how far the two are
 * apart; a day in which the clocks change is worked out reading by reading.
 */
export function localClock() {
  const shifts = new Map();
  let seen = 0;
  let day = NaN;
  let shift = NaN;
  return (reading) => {
    if (seen < FEW) {
      seen += 1;
      return instantOf(reading);
    }
    const thisDay = Math.floor(reading / DAY);
    if (thisDay !== day) {
      day = thisDay;
      shift = shifts.get(day);
      if (shift === undefined) {
        shift = shiftOf(day);
        shifts.set(day, shift);
      }
    }
    return shift === shift ? reading + shift : instantOf(reading);
  };
}

/** How far instants are from readings all through a day; NaN if that changes. */
function shiftOf(day) {
  const start = day * DAY;
  const end = start + DAY;
  const atStart = instantOf(start) - start;
  return instantOf(end) - end === atStart ? atStart : NaN;
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
