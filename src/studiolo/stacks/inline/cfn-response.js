// cfn-response: what CloudFormation puts beside the inline code of a Node function.
"use strict";
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  console.log("Response body:\n", body);
  const place = new URL(event.ResponseURL);
  const by = place.protocol === "http:" ? require("http") : require("https");
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
    const request = by.request(place, { method: "PUT", headers }, (response) => {
      console.log("Status code: " + response.statusCode);
      response.resume();
      response.on("end", () => {
        context.done();
        resolve();
      });
    });
    request.on("error", (error) => {
      console.log("send(..) failed executing https.request(..): " + error);
      context.done(error);
      reject(error);
    });
    request.end(body);
  });
};
