export { MlClient, defaultSocketPath, type CallOptions, type MlClientOptions, type Signal } from './client.js';
export { MlConnectionError, MlError } from './errors.js';
export { MachineLearningRepository, embeddingText, type DetectedFaces, type FaceOfImmich, type OcrOfImmich } from './repository.js';
export type * from './messages.js';
