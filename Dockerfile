# The example agent backend. Debian, not Alpine: the same C library as on most machines that develop it.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY test/nest-11/package.json test/nest-11/package.json
RUN npm ci
COPY . .
RUN node scripts/build-example.mjs \
  && node docker/runtime-package.mjs \
  && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=3000 \
  AGENT_BACKEND_WORKSPACE=/data/workspace \
  AGENT_BACKEND_DATABASE=/data/agent-backend.db
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/agent-backend/main.js"]
