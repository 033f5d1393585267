// Sends the names of real services to the simulated ones.
//
// Loaded by `node --require`, so that drivers, plugins and SDKs stay as they were published: only
// where a connection goes differs. ORAEDGE_REDIRECT is a JSON object:
// {"auth.region.domain:443": "127.0.0.1:PORT", ...}.

'use strict';

const net = require('node:net');

const targets = JSON.parse(process.env.ORAEDGE_REDIRECT ?? '{}');
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  // Node itself calls it with the arguments in one array.
  const [options, ...rest] = Array.isArray(given[0]) ? given[0] : given;
  const target = targets[`${options?.host}:${options?.port}`];
  if (target === undefined) {
    return connect.apply(this, given);
  }
  const [host, port] = target.split(':');
  const callback = rest.find((argument) => typeof argument === 'function');
  return connect.call(this, { ...options, host, port: Number(port) }, callback);
};
