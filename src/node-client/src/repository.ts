import { readFile } from 'node:fs/promises';
import { MlClient, type MlClientOptions } from './client.js';
import { MlConnectionError } from './errors.js';

export interface FaceOfImmich {
  boundingBox: { x1: number; y1: number; x2: number; y2: number };
  embedding: string;
  score: number;
}

export interface DetectedFaces {
  imageHeight: number;
  imageWidth: number;
  faces: FaceOfImmich[];
}

export interface OcrOfImmich {
  text: string[];
  box: number[];
  boxScore: number[];
  textScore: number[];
}

/**
 * Immich's machine-learning repository over the socket: the same methods, arguments and answers, so that a server can take it
 * instead of the one that speaks HTTP. Pictures are paths; embeddings are the strings that its database takes.
 */
export class MachineLearningRepository {
  readonly client: MlClient;

  constructor(options: MlClientOptions | MlClient = {}) {
    this.client = options instanceof MlClient ? options : new MlClient(options);
  }

  /** There is one socket and no list of addresses: what Immich's own sets up here is not needed. */
  setup(_config?: unknown): void {}

  teardown(): void {
    this.client.close();
  }

  async encodeImage(imagePath: string, { modelName }: { modelName: string }): Promise<string> {
    const { clip } = await this.client.predict({ tasks: { clip: { visual: { modelName } } }, image: await readFile(imagePath) });
    return embeddingText(answered(clip));
  }

  async encodeText(text: string, { modelName, language }: { modelName: string; language?: string | undefined }): Promise<string> {
    const options = language === undefined ? {} : { options: { language } };
    const { clip } = await this.client.predict({ tasks: { clip: { textual: { modelName, ...options } } }, text });
    return embeddingText(answered(clip));
  }

  async detectFaces(imagePath: string, { modelName, minScore }: { modelName: string; minScore: number }): Promise<DetectedFaces> {
    const result = await this.client.predict({
      tasks: { 'facial-recognition': { detection: { modelName, options: { minScore } }, recognition: { modelName } } },
      image: await readFile(imagePath),
    });
    const faces = answered(result['facial-recognition']).map(({ boundingBox: [x1, y1, x2, y2], embedding, score }) => ({
      boundingBox: { x1: finite(x1), y1: finite(y1), x2: finite(x2), y2: finite(y2) },
      embedding: embeddingText(answered(embedding)),
      score: finite(score),
    }));
    return { imageHeight: answered(result.imageHeight), imageWidth: answered(result.imageWidth), faces };
  }

  async ocr(
    imagePath: string,
    options: { modelName: string; minDetectionScore: number; minRecognitionScore: number; maxResolution: number },
  ): Promise<OcrOfImmich> {
    const { modelName, minDetectionScore, minRecognitionScore, maxResolution } = options;
    const result = await this.client.predict({
      tasks: {
        ocr: {
          detection: { modelName, options: { minScore: minDetectionScore, maxResolution } },
          recognition: { modelName, options: { minScore: minRecognitionScore } },
        },
      },
      image: await readFile(imagePath),
    });
    const ocr = answered(result.ocr);
    const found = { text: answered(ocr.text), box: ocr.box.map(finite), boxScore: ocr.boxScore.map(finite), textScore: answered(ocr.textScore).map(finite) };
    const lines = found.text.length;
    if (found.box.length !== lines * 8 || found.boxScore.length !== lines || found.textScore.length !== lines) throw strange('lists of text that are not in step');
    return found;
  }
}

function strange(what: string): MlConnectionError {
  return new MlConnectionError(`The daemon does not speak the protocol: it answered with ${what}.`);
}

/** An answer lacks no key of what was asked for. */
function answered<T>(value: T | undefined): T {
  if (value === undefined) throw strange('less than was asked for');
  return value;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw strange(`${value}, which is no number that JSON or a database can hold`);
  return value;
}

/**
 * JSON of the shortest digits that give the same float32 again: nine at most.
 * @throws MlConnectionError when it is empty or holds NaN or infinity, which would be stored as if it were an embedding.
 */
export function embeddingText(embedding: Float32Array): string {
  if (embedding.length === 0) throw strange('an embedding of no numbers');
  return `[${Array.from(embedding, shortest).join(',')}]`;
}

function shortest(value: number): string {
  finite(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
