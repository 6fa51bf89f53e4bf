using System.Runtime.Intrinsics.X86;
using ImmichMl.Graphs.Quantization;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// Finds forms for the layers of a model with which a copy answers nearly as the model does. Which form a layer begins with follows from
/// its own error; while the whole does not pass, the worst layers go back to more exact ones.
/// </summary>
/// <param name="key">The model.</param>
/// <param name="precision">What is asked for.</param>
/// <param name="calibrate">Shows it pictures or texts.</param>
sealed class PrecisionSearch(ModelKey key, Precision precision, Calibration calibrate)
{
    /// <summary>
    /// What a layer's error may be beside its output: with one scale for all activations, with blocks, and with blocks where the fastest is
    /// asked for, of which the largest will do. Found with a transformer's real weights: the whole stays well over what is asked for.
    /// </summary>
    const double MostDynamic = 0.018, MostBlockwise = 0.05, GoodEnough = 0.012;

    /// <summary>Else blocks are doubled while the error grows by no more than this each time.</summary>
    const double Doubling = 1.14;

    /// <summary>While a copy fails, so much of the layers goes back at a time.</summary>
    const double Share = 1 / 3d;

    /// <summary>With less of its weights in whole numbers a copy gains nothing.</summary>
    const double LeastRounded = 0.5;

    static readonly int[] s_blocks = [128, 64, 32];

    readonly Dictionary<string, LayerForm> _forms = [];
    Dictionary<string, TriedLayer> _tried = [];
    LayerForm _table = LayerForm.Blockwise(s_blocks[1], 8);

    /// <summary>
    /// Weights of fewer bits where products of unsigned and signed bytes are added in pairs of 16 bits, which overflow: x86 without VNNI.
    /// </summary>
    internal static bool NeedsFewerBits { get; } = X86Base.IsSupported
        && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) == 0 && (X86Base.CpuId(7, 1).Eax & (1 << 4)) == 0;

    static IEnumerable<LayerForm> BlockForms =>
        s_blocks.SelectMany(block => NeedsFewerBits ? [LayerForm.Blockwise(block, 8), LayerForm.Blockwise(block, 7)]
            : (LayerForm[])[LayerForm.Blockwise(block, 8)]);

    static LayerForm DynamicForm => LayerForm.Dynamic(NeedsFewerBits ? 7 : 8);

    /// <summary>How many layers have which form, in words.</summary>
    string Forms => string.Join(", ", _forms.Values.GroupBy(form => form.Kind).OrderBy(group => group.Key)
        .Select(group =>
            $"{group.Count()} {group.Key switch { LayerKind.Plain => "fp32", LayerKind.Dynamic => "dynamic", _ => "blockwise" }}"));

    /// <param name="reference">The model in single precision.</param>
    /// <param name="graph">The same, rewritten: what is changed here. Its folder takes what is written meanwhile.</param>
    /// <param name="make">Makes a copy of a graph and gives the path of the copy's.</param>
    /// <returns>Figures of the copy that was made last.</returns>
    /// <exception cref="PrecisionException">No copy passes.</exception>
    public GateReport Run(string reference, string graph, Func<string, string> make)
    {
        IReadOnlyList<float[]> expected = Answers(reference, GraphOptimizationLevel.ORT_ENABLE_ALL);
        string folder = Path.GetDirectoryName(graph)!, split = Path.Combine(folder, "split.onnx");
        GraphModel model = GraphModel.Read(graph);
        AttentionSplit.Apply(model);
        File.WriteAllBytes(split, model.ToBytes());
        LayerForm[] forms = [.. BlockForms, .. precision.Name == Precision.FastName ? [DynamicForm] : (LayerForm[])[]];
        _tried = LayerErrors.Of(key, split, forms, folder, calibrate);
        foreach ((string name, TriedLayer layer) in _tried)
        {
            _forms[name] = Choose(layer, mayBeDynamic: true);
        }

        string? fault;
        do
        {
            if (Rounded() < LeastRounded)
            {
                throw new PrecisionException(_tried.Count == 0 ? "it has no layers that could be in whole numbers"
                    : $"over half of its weights would stay fp32 ({Forms})");
            }

            string copy = make(Write(split));
            try
            {
                var figures = EmbeddingParity.Of(expected, Answers(copy, GraphOptimizationLevel.ORT_DISABLE_ALL, packs: true));
                fault = precision.Fault(figures);
                if (fault is null)
                {
                    return new GateReport(precision.Name, figures, Forms);
                }
            }
            catch (PrecisionException e)
            {
                fault = e.Message; // As a rule a number that is not finite.
            }
        }
        while (Relax());
        throw new PrecisionException($"{fault} ({Forms})");
    }

    /// <summary>Of the weights of all layers, what is in whole numbers.</summary>
    double Rounded() => _tried.Count == 0 ? 0
        : _tried.Where(layer => _forms[layer.Key].Kind != LayerKind.Plain).Sum(layer => (double)layer.Value.Weights)
            / _tried.Values.Sum(layer => (double)layer.Weights);

    string Write(string split)
    {
        GraphModel model = GraphModel.Read(split);
        string path = Path.Combine(model.Folder, "quantized.onnx");
        using FileStream weights = File.Create(Path.Combine(model.Folder, "quantized.bin"));
        QuantizedGraph.Apply(
            model, _forms.ToDictionary(form => form.Key, form => new LayerPlan(form.Value, _tried[form.Key].Scale)), _table, weights);
        File.WriteAllBytes(path, model.ToBytes());
        return path;
    }

    LayerForm Choose(TriedLayer layer, bool mayBeDynamic)
    {
        if (mayBeDynamic && layer.Errors.TryGetValue(DynamicForm, out double error) && error <= MostDynamic)
        {
            return DynamicForm;
        }

        LayerForm best = BlockForms.MinBy(form => layer.Errors[form])!;
        double Most(LayerForm form) => precision.Name == Precision.FastName ? GoodEnough
            : layer.Errors[best] * Math.Pow(Doubling, Math.Log2(form.Block / (double)s_blocks[^1]));
        return layer.Errors[best] > MostBlockwise ? LayerForm.Plain
            : BlockForms.Where(form => layer.Errors[form] <= Most(form)).Append(best).First();
    }

    /// <summary>The worst layers become more exact; false where there is nothing left to try.</summary>
    bool Relax()
    {
        if (Worst(form => form.Kind == LayerKind.Dynamic) is { Length: > 0 } dynamic)
        {
            Array.ForEach(dynamic, name => _forms[name] = Choose(_tried[name], mayBeDynamic: false));
            return true;
        }

        string[] coarse = [.. _forms.Where(form => form.Value.Block > s_blocks[^1]).Select(form => form.Key)];
        if (coarse.Length > 0)
        {
            LayerForm finest = BlockForms.Last(form => form.Block == s_blocks[^1]);
            Array.ForEach(coarse, name => _forms[name] = finest);
            return true;
        }

        if (Worst(form => form.Kind == LayerKind.Blockwise) is not { Length: > 0 } blockwise)
        {
            return false;
        }

        _table = LayerForm.Plain;
        Array.ForEach(blockwise, name => _forms[name] = LayerForm.Plain);
        return true;
    }

    string[] Worst(Predicate<LayerForm> isOf)
    {
        string[] all = [.. _forms.Where(form => isOf(form.Value)).Select(form => form.Key)];
        return [.. all.OrderByDescending(name => _tried[name].Errors[_forms[name]]).Take((int)Math.Ceiling(all.Length * Share))];
    }

    /// <exception cref="PrecisionException">They are no embeddings.</exception>
    IReadOnlyList<float[]> Answers(string graph, GraphOptimizationLevel level, bool packs = false)
    {
        using OnnxSession session = OnnxSession.Over(key, GraphRewriting.Open(graph, level, packs), arenaKeep: long.MaxValue);
        try
        {
            return calibrate(session, int.MaxValue);
        }
        catch (Exception e) when (e is InferenceException or ModelException)
        {
            throw new PrecisionException($"it cannot be tried: {e.Message}");
        }
    }
}

/// <summary>A model cannot be had in a precision; the message says why.</summary>
sealed class PrecisionException(string message) : Exception(message);
