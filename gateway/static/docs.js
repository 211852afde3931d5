const spec = await (await fetch("../schema/")).json();
const operations = Object.values(spec.paths).flatMap((path) => Object.values(path));
const keys = operations.flatMap((operation) => (operation.parameters ?? []).filter((p) => p.name === "Idempotency-Key"));
// The page fills in a new key itself; a required field would ask people to invent one.
for (const key of keys) key.required = false;
SwaggerUIBundle({
  spec,
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: true,
  requestInterceptor: (request) => {
    if (request.method === "POST") request.headers["Idempotency-Key"] ??= crypto.randomUUID();
    return request;
  },
});
