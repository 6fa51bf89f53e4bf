using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Inference.Requests;

/// <summary>A recognizer's first run: on a black picture that is said to be one face, or one line of text, from edge to edge.</summary>
public static class WarmUp
{
    const int LineWidth = 320;
    const int LineHeight = 48;

    /// <summary>Blocks until the model has run; for any other kind of model there is nothing to do.</summary>
    /// <exception cref="ModelException">It fails.</exception>
    /// <exception cref="InferenceException">Memory does not suffice.</exception>
    public static void Run(IDisposable model, StageClock clock, CancellationToken cancellation)
    {
        using Bitmap black = Bitmap.Allocate(LineWidth, FaceAligner.Side);
        black.Pixels.Clear();
        switch (model)
        {
            case ArcFaceRecognizer recognizer:
                // Landmarks that coincide are aligned as well as any.
                recognizer.Recognize(black, [new Face(default, 1) { Landmarks = new Point2[5] }], clock, cancellation);
                break;
            case TextRecognizer recognizer:
                var line = new Quad(new(0, 0), new(LineWidth, 0), new(LineWidth, LineHeight), new(0, LineHeight));
                recognizer.Recognize(black, [new TextLine(line, 1)], new TaskArguments(), clock, cancellation);
                break;
        }
    }
}
