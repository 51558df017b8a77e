/** Answers with what of the event a test looks at. */
exports.handler = async (event) => {
  const {
    routeKey,
    rawPath,
    rawQueryString,
    pathParameters,
    requestContext,
    body,
    isBase64Encoded,
    version,
  } = event;
  if (rawPath.endsWith("/broken")) throw new Error("broken");
  const told = { routeKey, rawPath, rawQueryString, pathParameters, body, isBase64Encoded, version };
  return {
    statusCode: event.requestContext.http.method === "POST" ? 201 : 200,
    headers: { "content-type": "application/json", "x-authorization": event.headers.authorization ?? "" },
    cookies: ["seen=yes"],
    body: JSON.stringify({ ...told, stage: requestContext.stage, url: process.env.API_URL }),
  };
};
