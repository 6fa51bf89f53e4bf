using ImmichMl.Models.Copies;

namespace ImmichMl.Inference.Preparation;

/// <summary>Makes one prepared copy: rewritten where that answers alike, optimised, its weights packed, tried, sealed, moved.</summary>
/// <param name="source">The model's graph.</param>
/// <param name="target">The folder that the copy becomes.</param>
/// <param name="identity">Of the source, by which the copy is known.</param>
/// <param name="pinsBatch">A first axis called batch becomes 1.</param>
/// <param name="search">Finds the forms of another precision; null: the model's own.</param>
sealed class CopyMaking(string source, string target, string identity, bool pinsBatch, PrecisionSearch? search = null)
{
    readonly string _aside = Path.Combine(Path.GetDirectoryName(target)!, StaleCopies.AsidePrefix + Guid.NewGuid().ToString("N"));

    long _packedFrom;
    GateReport? _gate;

    /// <summary>Takes the memory of a full load and more, so it is for a process of its own.</summary>
    /// <exception cref="ModelException">ONNX Runtime cannot make it, or what it made does not answer as the model does.</exception>
    /// <exception cref="PrecisionException">No copy of the precision that is asked for passes.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <returns>What a copy of another precision reached; null for one of the model's own.</returns>
    public GateReport? Run()
    {
        Directory.CreateDirectory(_aside);
        try
        {
            if (search is not null)
            {
                _gate = MakeQuantized(search);
            }
            else if (!TryMakeRewritten())
            {
                Make(source);
            }

            Seal();
            CacheWriter.Remove(target);
            DurableFiles.MoveFolder(_aside, target);
            return _gate;
        }
        catch (Exception e) when (e is OnnxRuntimeException or InvalidDataException)
        {
            throw new ModelException(ModelFault.Unusable, $"{source} cannot be prepared: {e.Message}", e);
        }
        finally
        {
            if (Directory.Exists(_aside))
            {
                Directory.Delete(_aside, recursive: true);
            }
        }
    }

    /// <summary>The model's own answer is stored, and the copy has to give it with and without packed weights.</summary>
    void Seal()
    {
        string graph = Path.Combine(_aside, PreparedCopy.GraphName);
        if (_gate is not null)
        {
            SealQuantized(graph, _gate);
            return;
        }

        using InferenceSession copy = GraphRewriting.Open(graph, GraphOptimizationLevel.ORT_DISABLE_ALL);
        CopyTrial? trial;
        using (InferenceSession model = GraphRewriting.Open(source, GraphOptimizationLevel.ORT_ENABLE_ALL))
        {
            trial = CopyTrial.Ask(model, TokenAxis.MostTokensOf(copy.ModelMetadata.CustomMetadataMap));
        }

        using InferenceSession packed = GraphRewriting.Open(graph, GraphOptimizationLevel.ORT_DISABLE_ALL, packs: true);
        PreparedCopy made = PreparedCopy.Seal(_aside, identity, trial, _packedFrom);
        if ((made.Fault(copy) ?? made.Fault(packed)) is { } fault)
        {
            throw new InvalidDataException(fault);
        }
    }

    /// <summary>A copy of another precision has to answer as it did when it passed.</summary>
    void SealQuantized(string graph, GateReport gate)
    {
        using InferenceSession copy = GraphRewriting.Open(graph, GraphOptimizationLevel.ORT_DISABLE_ALL, packs: true);
        CopyTrial? trial = CopyTrial.Ask(copy, TokenAxis.MostTokensOf(copy.ModelMetadata.CustomMetadataMap), isCut: true);
        PreparedCopy made = PreparedCopy.Seal(_aside, identity, trial, _packedFrom, gate);
        if (made.Fault(copy) is { } fault)
        {
            throw new InvalidDataException(fault);
        }
    }

    GateReport MakeQuantized(PrecisionSearch forms)
    {
        string work = Path.Combine(_aside, "rewriting");
        Directory.CreateDirectory(work);
        try
        {
            string outside = Path.Combine(work, "source.onnx");
            IReadOnlyList<string> made = GraphRewriting.Rewrite(
                WeightsOutside.TryWrite(source, outside, "source.bin") ? outside : source, work, pinsBatch);
            string folded = Path.Combine(work, GraphRewriting.FoldedName);
            return forms.Run(folded, made.FirstOrDefault(path => IsAlike(folded, path)) ?? folded, graph =>
            {
                Make(graph);
                return Path.Combine(_aside, PreparedCopy.GraphName);
            });
        }
        catch (Exception e) when (e is not (PrecisionException or OnnxRuntimeException or IOException or UnauthorizedAccessException))
        {
            // Whatever is odd about this graph: in fp32 the model is still to be had.
            throw new PrecisionException($"its graph cannot be changed: {e.Message}");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static bool IsAlike(string model, string rewritten)
    {
        try
        {
            return GraphRewriting.AnswerAlike(model, rewritten);
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    /// <returns>False: the graph has nothing that can be made cheaper, or does not answer as the model does.</returns>
    bool TryMakeRewritten()
    {
        string work = Path.Combine(_aside, "rewriting");
        Directory.CreateDirectory(work);
        try
        {
            return GraphRewriting.Rewrite(source, work, pinsBatch).Any(TryMake);
        }
        catch (Exception)
        {
            // Whatever is odd about this graph: the model itself is still to be had, and if it fails too, that is told.
            return false;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    bool TryMake(string rewritten)
    {
        try
        {
            Make(rewritten);
            return GraphRewriting.AnswerAlike(source, Path.Combine(_aside, PreparedCopy.GraphName));
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    void Make(string from)
    {
        // What an earlier try has left.
        string graph = Path.Combine(_aside, PreparedCopy.GraphName), weights = Path.Combine(_aside, PreparedCopy.WeightsName);
        File.Delete(graph);
        File.Delete(weights);
        GraphRewriting.Save(
            from, graph, PreparedCopy.WeightsName, GraphOptimizationLevel.ORT_ENABLE_ALL,
            "session.save_external_prepacked_constant_initializers", pinsBatch);
        _packedFrom = File.Exists(weights) ? ExternalWeights.Align(graph, weights) : 0;
    }
}
