import { readFile } from 'node:fs/promises';
import { MlClient, type MlClientOptions } from './client.js';

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
    return embeddingText(clip!);
  }

  async encodeText(text: string, { modelName, language }: { modelName: string; language?: string | undefined }): Promise<string> {
    const options = language === undefined ? {} : { options: { language } };
    const { clip } = await this.client.predict({ tasks: { clip: { textual: { modelName, ...options } } }, text });
    return embeddingText(clip!);
  }

  async detectFaces(imagePath: string, { modelName, minScore }: { modelName: string; minScore: number }): Promise<DetectedFaces> {
    const result = await this.client.predict({
      tasks: { 'facial-recognition': { detection: { modelName, options: { minScore } }, recognition: { modelName } } },
      image: await readFile(imagePath),
    });
    const faces = result['facial-recognition']!.map(({ boundingBox: [x1, y1, x2, y2], embedding, score }) => ({
      boundingBox: { x1, y1, x2, y2 },
      embedding: embeddingText(embedding!),
      score,
    }));
    return { imageHeight: result.imageHeight!, imageWidth: result.imageWidth!, faces };
  }

  async ocr(
    imagePath: string,
    options: { modelName: string; minDetectionScore: number; minRecognitionScore: number; maxResolution: number },
  ): Promise<OcrOfImmich> {
    const { modelName, minDetectionScore, minRecognitionScore, maxResolution } = options;
    const { ocr } = await this.client.predict({
      tasks: {
        ocr: {
          detection: { modelName, options: { minScore: minDetectionScore, maxResolution } },
          recognition: { modelName, options: { minScore: minRecognitionScore } },
        },
      },
      image: await readFile(imagePath),
    });
    return { text: ocr!.text ?? [], box: ocr!.box, boxScore: ocr!.boxScore, textScore: ocr!.textScore ?? [] };
  }
}

/** JSON of the shortest digits that give the same float32 again: nine at most. */
export function embeddingText(embedding: Float32Array): string {
  return `[${Array.from(embedding, shortest).join(',')}]`;
}

function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
