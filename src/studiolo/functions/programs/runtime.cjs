// AWS's runtime API for functions of Node: asks for the next event, calls the handler, tells what came of it.
"use strict";
const http = require("http");
const path = require("path");
const fs = require("fs");
const util = require("util");
const { pathToFileURL } = require("url");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const base = "/2018-06-01/runtime";
let requestId = "";

for (const level of ["log", "info", "debug", "warn", "error", "trace"]) {
  console[level] = (...words) => {
    const name = level === "log" ? "INFO" : level.toUpperCase();
    record(`${new Date().toISOString()}\t${requestId}\t${name}\t${util.format(...words)}\n`);
  };
}

// One event of the log, whatever lines it has: framed as Lambda's runtimes do it.
function record(text) {
  const message = Buffer.from(text);
  const head = Buffer.alloc(16);
  head.writeUInt32BE(0xa55a0003, 0);
  head.writeUInt32BE(message.length, 4);
  head.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  const whole = Buffer.concat([head, message]);
  for (let done = 0; done < whole.length; ) {
    try {
      done += fs.writeSync(1, whole, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function ask(method, where, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request({ host, port, agent, method, path: base + where, headers }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(pieces).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function failure(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack || "").split("\n") };
}

// What the handlers that stream are made with: the global that Lambda's Node has.
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const PRELUDE = "application/vnd.awslambda.http-integration-response";
globalThis.awslambda = {
  ...globalThis.awslambda,
  streamifyResponse: (handler) => {
    handler[STREAMING] = "response";
    return handler;
  },
  HttpResponseStream: class {
    static from(stream, prelude) {
      stream.setContentType(PRELUDE);
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8));
      return stream;
    }
  },
};

// The answer of a handler that streams: sent from its first piece on, with its failure in trailers.
async function stream(handler, event, headers) {
  const request = http.request({
    host, port, agent, method: "POST", path: `${base}/invocation/${requestId}/response`,
    headers: {
      "Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked",
      "Lambda-Runtime-Function-Response-Mode": "streaming",
      Trailer: ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"],
    },
  });
  const done = new Promise((resolve, reject) => {
    request.on("response", (answer) => answer.resume().on("end", resolve));
    request.on("error", reject);
  });
  request.setContentType = (type) => request.setHeader("Content-Type", type);
  try {
    await handler(event, request, context(headers, () => {}));
    if (!request.writableEnded) request.end();
  } catch (error) {
    const told = tell(error);
    if (!request.headersSent) {
      request.on("error", () => {});
      request.destroy();
      done.catch(() => {});
      return told;
    }
    request.addTrailers({
      "Lambda-Runtime-Function-Error-Type": JSON.parse(told).errorType,
      "Lambda-Runtime-Function-Error-Body": Buffer.from(told).toString("base64"),
    });
    request.end();
  }
  await done;
}

async function load() {
  const spelled = process.env._HANDLER;
  const cut = spelled.indexOf(".", spelled.lastIndexOf("/") + 1);
  if (cut < 0) throw Object.assign(new Error("Bad handler"), { name: "Runtime.MalformedHandlerName" });
  const [name, member] = [spelled.slice(0, cut), spelled.slice(cut + 1)];
  const place = path.resolve(process.env.LAMBDA_TASK_ROOT, name);
  const file = ["", ".js", ".mjs", ".cjs"].map((ending) => place + ending).find((each) => fs.existsSync(each) && fs.statSync(each).isFile());
  if (file === undefined) {
    throw Object.assign(new Error(`Cannot find module '${name}'`), { name: "Runtime.ImportModuleError" });
  }
  let found;
  try {
    found = require(file);
  } catch (error) {
    if (error.code !== "ERR_REQUIRE_ESM" && !(error instanceof SyntaxError)) throw error;
    found = await import(pathToFileURL(file).href);
  }
  for (const part of member.split(".")) found = found && found[part];
  if (typeof found !== "function") {
    const words = `${spelled} is undefined or not exported`;
    throw Object.assign(new Error(words), { name: "Runtime.HandlerNotFound" });
  }
  return found;
}

function context(headers, done) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: requestId,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: headers["lambda-runtime-client-context"] && JSON.parse(headers["lambda-runtime-client-context"]),
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: (error, result) => done(error, result),
    succeed: (result) => done(null, result),
    fail: (error) => done(error === undefined || error === null ? "handled" : error),
  };
}

function call(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => (error === undefined || error === null ? resolve(result) : reject(error));
    const answer = handler(event, context(headers, done), done);
    if (answer && typeof answer.then === "function") answer.then(resolve, reject);
  });
}

function tell(error) {
  const { errorType, errorMessage, trace } = failure(error);
  console.error("Invoke Error", "\t", JSON.stringify({ errorType, errorMessage, stack: trace }));
  return JSON.stringify({ errorType, errorMessage, trace });
}

let dying = false;
async function crash(name, error) {
  if (dying) return;
  dying = true;
  const { errorMessage, trace } = failure(error);
  console.error("Uncaught Exception", "\t", JSON.stringify({ errorType: name, errorMessage, stack: trace }));
  const where = requestId ? `/invocation/${requestId}/error` : "/init/error";
  await ask("POST", where, JSON.stringify({ errorType: name, errorMessage, trace }));
  process.exit(128);
}
process.on("uncaughtException", (error) => crash("Runtime.UncaughtException", error));
process.on("unhandledRejection", (error) => crash("Runtime.UnhandledPromiseRejection", error));

async function main() {
  let handler;
  try {
    handler = await load();
  } catch (error) {
    const { errorType, errorMessage, trace } = failure(error);
    console.error("Uncaught Exception", "\t", JSON.stringify({ errorType, errorMessage, stack: trace }));
    await ask("POST", "/init/error", JSON.stringify({ errorType, errorMessage, trace }));
    process.exit(1);
  }
  for (;;) {
    const next = await ask("GET", "/invocation/next");
    requestId = next.headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] || "";
    let verb = "response", body;
    if (handler[STREAMING]) {
      const failed = await stream(handler, JSON.parse(next.body), next.headers);
      if (failed !== undefined) await ask("POST", `/invocation/${requestId}/error`, failed);
      continue;
    }
    try {
      const result = await call(handler, JSON.parse(next.body), next.headers);
      body = JSON.stringify(result === undefined ? null : result);
    } catch (error) {
      [verb, body] = ["error", tell(error)];
    }
    await ask("POST", `/invocation/${requestId}/${verb}`, body === undefined ? "null" : body);
  }
}
main();
