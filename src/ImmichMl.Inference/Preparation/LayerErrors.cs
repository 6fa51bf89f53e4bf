using ImmichMl.Graphs.Quantization;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// What each form would do to each layer of a graph, found by running the layer on this processor with activations that calibration gives.
/// Few layers at a time are looked at, so that their activations take little memory.
/// </summary>
sealed class LayerErrors
{
    /// <summary>Values whose activations are held at a time.</summary>
    const int ValuesAtOnce = 16;

    /// <summary>Inputs that the largest activations are taken of: a picture has tens or hundreds of rows, a text few.</summary>
    const int PicturesShown = 4, TextsShown = 16;

    /// <summary>
    /// Inputs whose activations are kept whole, since a form may have one scale for all of a run: two, and more until there are so many
    /// rows. Of two short texts alone a layer's error said little.
    /// </summary>
    const int InputsKept = 2, RowsKept = 128;

    /// <summary>A channel so many times the middle one is an outlier: it takes the others' digits.</summary>
    const float OutlierRatio = 3;

    /// <summary>Moving outliers must make the sum of a value's errors so much smaller.</summary>
    const double WorthMoving = 0.9;

    readonly ModelKey _key;
    readonly GraphModel _model;
    readonly string _graph;
    readonly string _folder;
    readonly Calibration _calibrate;

    LayerErrors(ModelKey key, string graph, string folder, Calibration calibrate)
    {
        (_key, _graph, _folder, _calibrate) = (key, graph, folder, calibrate);
        _model = GraphModel.Read(graph);
    }

    /// <param name="key">The model.</param>
    /// <param name="graph">Its graph.</param>
    /// <param name="forms">To be tried for every layer.</param>
    /// <param name="folder">For what is tried.</param>
    /// <param name="calibrate">Shows inputs.</param>
    /// <returns>
    /// By a layer's name what its output's error is, as a share of the output, by form; and the scale to move outliers with.
    /// </returns>
    /// <exception cref="OnnxRuntimeException">A layer does not run.</exception>
    public static Dictionary<string, TriedLayer> Of(
        ModelKey key, string graph, IReadOnlyList<LayerForm> forms, string folder, Calibration calibrate)
    {
        var errors = new LayerErrors(key, graph, folder, calibrate);
        var tried = new Dictionary<string, TriedLayer>();
        foreach (LinearLayer[][] groups in LinearLayer.Of(errors._model).GroupBy(layer => layer.Source, (_, group) => group.ToArray())
            .Chunk(ValuesAtOnce))
        {
            Activations[] activations = errors.Show([.. groups.Select(group => group[0])]);
            for (int i = 0; i < groups.Length; i++)
            {
                TriedLayer[] found = errors.Try(groups[i], activations[i], forms);
                for (int j = 0; j < found.Length; j++)
                {
                    tried[groups[i][j].Name] = found[j];
                }
            }
        }

        return tried;
    }

    /// <summary>By the layers' inputs, whatever a reshaping in front of them makes of the axes.</summary>
    Activations[] Show(LinearLayer[] layers)
    {
        var tapped = GraphModel.Read(_graph);
        Array.ForEach(layers, layer => tapped.AddOutput(layer.Source));
        string path = Path.Combine(Path.GetDirectoryName(_graph)!, "tapped.onnx");
        File.WriteAllBytes(path, tapped.ToBytes());
        Activations[] activations = [.. layers.Select(layer => new Activations(layer.Inputs))];
        using var session = new TappedSession(_key, path, layers.Length, (tap, shown) => activations[tap].Add(shown));
        _calibrate(session, _key.Kind == ModelKind.ClipTextual ? TextsShown : PicturesShown);
        return activations;
    }

    TriedLayer[] Try(LinearLayer[] layers, Activations values, IReadOnlyList<LayerForm> forms)
    {
        TriedLayer[] plain = [.. layers.Select(layer => Try(layer, values, null, forms))];
        if (Scale(layers, values) is not { } scale)
        {
            return plain;
        }

        TriedLayer[] moved = [.. layers.Select(layer => Try(layer, values, scale, forms))];
        static double Sum(TriedLayer[] tried) => tried.Sum(one => one.Errors.Values.Sum());
        return Sum(moved) < WorthMoving * Sum(plain) ? moved : plain;
    }

    TriedLayer Try(LinearLayer layer, Activations values, float[]? scale, IReadOnlyList<LayerForm> forms)
    {
        float[][] inputs = [.. values.Kept.Select(kept => scale is null ? kept : Divide(kept, scale))];
        float[][] expected = Run(layer, new LayerPlan(LayerForm.Plain, scale), inputs);
        return new TriedLayer(layer.Inputs * (long)layer.Outputs, scale, forms.ToDictionary(
            form => form, form => Error(expected, Run(layer, new LayerPlan(form, scale), inputs))));
    }

    float[][] Run(LinearLayer layer, LayerPlan plan, float[][] inputs)
    {
        using InferenceSession session = GraphRewriting.Open(
            LayerTrial.Write(_model, layer, plan, _folder), GraphOptimizationLevel.ORT_DISABLE_ALL, packs: true);
        return Array.ConvertAll(inputs, input =>
        {
            using var given = OrtValue.CreateTensorValueFromMemory(input, [input.Length / layer.Inputs, layer.Inputs]);
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs =
                session.Run(run, [LayerTrial.InputName], [given], [LayerTrial.OutputName]);
            return OrtOutput.FloatsOf(outputs[0])!;
        });
    }

    /// <summary>The difference's length as a share of what is expected.</summary>
    static double Error(float[][] expected, float[][] answers)
    {
        double difference = expected.Zip(answers).Sum(pair => Math.Pow(TensorPrimitives.Distance<float>(pair.First, pair.Second), 2));
        double length = expected.Sum(values => (double)TensorPrimitives.SumOfSquares<float>(values));
        return double.IsFinite(difference) ? length > 0 ? Math.Sqrt(difference / length) : difference > 0 ? 1 : 0 : double.PositiveInfinity;
    }

    static float[] Divide(float[] values, float[] scale) => [.. values.Select((value, i) => value / scale[i % scale.Length])];

    /// <summary>Half of what a channel is larger goes to the weights; null where no channel stands out.</summary>
    float[]? Scale(LinearLayer[] layers, Activations values)
    {
        float[] largest = values.Largest;
        float middle = largest.Order().ElementAt(largest.Length / 2);
        if (!(middle > 0) || largest.Max() < OutlierRatio * middle || layers.Any(layer => layer.Inputs != largest.Length))
        {
            return null;
        }

        float[] weights = [.. Enumerable.Range(0, largest.Length).Select(_ => 0f)];
        foreach (LinearLayer layer in layers)
        {
            layer.RaiseToLargest(_model.Folder, weights);
        }

        return [.. largest.Zip(weights, (activation, weight) => activation > 0 && weight > 0
            ? Math.Clamp(MathF.Sqrt(activation / weight), 1e-3f, 1e3f) : 1)];
    }

    /// <summary>Of one value: the largest of each channel, and some runs' values whole.</summary>
    /// <param name="width">Channels.</param>
    sealed class Activations(int width)
    {
        int _rows;

        public float[] Largest { get; } = new float[width];

        public List<float[]> Kept { get; } = [];

        public void Add(ReadOnlySpan<float> values)
        {
            for (int i = 0; i < values.Length; i += width)
            {
                TensorPrimitives.MaxMagnitude(Largest, values.Slice(i, width), Largest);
            }

            TensorPrimitives.Abs(Largest, Largest);
            if (Kept.Count < InputsKept || _rows < RowsKept)
            {
                Kept.Add(values.ToArray());
                _rows += values.Length / width;
            }
        }
    }
}

/// <summary>A layer, and what became of it in each form.</summary>
/// <param name="Weights">How many it has.</param>
/// <param name="Scale">To move outliers with, in every form; null: nothing is moved.</param>
/// <param name="Errors">Length of the output's error as a share of the output's.</param>
sealed record TriedLayer(long Weights, float[]? Scale, IReadOnlyDictionary<LayerForm, double> Errors);
