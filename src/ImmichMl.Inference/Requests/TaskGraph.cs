namespace ImmichMl.Inference.Requests;

/// <summary>One task of a request, as it was asked for.</summary>
public readonly record struct TaskRequest(string Task, string Type, string ModelName, TaskArguments Arguments);

/// <summary>A task that can be done: its model, and what was asked of it.</summary>
public readonly record struct PlannedTask(ModelKey Key, TaskArguments Arguments);

/// <summary>The tasks of one request, checked: they exist, have what they depend on, and fit the input.</summary>
public static class TaskGraph
{
    /// <returns>What is to be done, in the order to do it.</returns>
    /// <exception cref="InferenceException">The tasks cannot be done together, or not on this input.</exception>
    /// <exception cref="ModelException">A model's name is none.</exception>
    public static IReadOnlyList<PlannedTask> Plan(IReadOnlyList<TaskRequest> tasks, bool hasImage)
    {
        PlannedTask[] plan = [.. tasks.Select(task => new PlannedTask(new ModelKey(KindOf(task), task.ModelName), task.Arguments))];
        ModelKey[] keys = [.. plan.Select(task => task.Key)];
        foreach (ModelKey key in keys)
        {
            if (keys.Count(other => other.Kind == key.Kind) > 1)
            {
                throw new InferenceException(InferenceFault.InvalidInput, $"{key.Kind} is asked for twice.");
            }

            if (key.Kind.DependsOn is { } dependency && !keys.Any(other => other.Kind == dependency))
            {
                throw new InferenceException(InferenceFault.MissingDependency, $"{key.Kind} needs {dependency} in the same request.");
            }

            CheckInput(key.Kind, hasImage);
        }

        // The only edges run from a detection to its recognition, so "what depends on nothing first" is the whole order.
        return [.. plan.OrderBy(task => task.Key.Kind.DependsOn is null ? 0 : 1)];
    }

    static ModelKind KindOf(TaskRequest task)
    {
        var kind = new ModelKind(task.Task, task.Type);
        return ModelKind.All.Contains(kind)
            ? kind
            : throw new InferenceException(InferenceFault.UnknownTask, $"There is no task '{task.Task}' of type '{task.Type}'.");
    }

    static void CheckInput(ModelKind kind, bool hasImage)
    {
        if (kind == ModelKind.ClipTextual == hasImage)
        {
            throw new InferenceException(
                InferenceFault.InvalidInput, $"{kind} takes {(hasImage ? "a text, not an image" : "an image, not a text")}.");
        }
    }
}
