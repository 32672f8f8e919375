// Loaded into every Node function: lets https to Studiolo's own address, which is plain http, arrive. Custom resources
// answer at an address that CloudFormation gives them; most write to it by https, to port 443, whatever it is.
"use strict";
const http = require("http");
const https = require("https");

const endpoint = process.env.AWS_ENDPOINT_URL ? new URL(process.env.AWS_ENDPOINT_URL) : null;

if (endpoint !== null && endpoint.protocol === "http:") {
  const byTls = https.request;
  https.request = function (first, ...rest) {
    const given = typeof first === "string" ? new URL(first) : first;
    const host = given.hostname || given.host;
    const path = given.pathname || given.path || "";
    if (host !== endpoint.hostname || !path.startsWith("/_studiolo/")) return byTls.call(https, first, ...rest);
    const options = given instanceof URL ? { path: given.pathname + given.search } : { ...given };
    const more = typeof rest[0] === "object" && rest[0] !== null ? rest.shift() : {};
    const plain = { ...options, ...more, protocol: "http:", hostname: endpoint.hostname, host: undefined, port: endpoint.port };
    delete plain.agent;
    return http.request(plain, ...rest);
  };
}
