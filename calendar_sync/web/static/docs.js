"use strict";

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  // No badge: it would ask another host about this one.
  validatorUrl: null,
});
