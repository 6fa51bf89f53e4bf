namespace ImmichMl.Models;

/// <summary>
/// A setting that there is once for each kind of model, and where wanted for each task, such as MACHINE_LEARNING_MODEL_TTL__CLIP__VISUAL:
/// by its name its description and its text, which is empty where nothing was given. A dictionary, so that what reads settings needs to
/// know nothing of models.
/// </summary>
public sealed class PerKindSetting : OrderedDictionary<string, (string Description, string Text)>
{
    readonly string _prefix;

    /// <param name="prefix">What the names begin with.</param>
    /// <param name="describe">Tells of one kind's.</param>
    /// <param name="describeTask">Tells of one task's, which stands in front of its kinds'; null: tasks have none.</param>
    /// <param name="kinds">In the order in which they are listed; null: <see cref="ModelKind.All"/>.</param>
    public PerKindSetting(
        string prefix, Func<ModelKind, string> describe, Func<string, string>? describeTask = null, IEnumerable<ModelKind>? kinds = null)
    {
        _prefix = prefix;
        foreach (ModelKind kind in kinds ?? ModelKind.All)
        {
            if (describeTask is not null)
            {
                TryAdd(NameOf(kind.Task), (describeTask(kind.Task), ""));
            }

            Add(NameOf(kind), (describe(kind), ""));
        }
    }

    /// <summary>One kind's own text.</summary>
    public string this[ModelKind kind]
    {
        get => this[NameOf(kind)].Text;
        set => this[NameOf(kind)] = (this[NameOf(kind)].Description, value);
    }

    public string NameOf(ModelKind kind) => NameOf(kind.Task, kind.Type);

    public string NameOf(params string[] parts) =>
        string.Join("__", parts.Select(part => part.Replace('-', '_').ToUpperInvariant()).Prepend(_prefix));
}
