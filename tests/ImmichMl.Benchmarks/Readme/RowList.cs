namespace ImmichMl.Benchmarks.Readme;

/// <summary>Rows, shown as they come. What cannot be measured is said and counted; the rest goes on.</summary>
sealed class RowList
{
    readonly List<Row> _rows = [];

    public IReadOnlyList<Row> All => _rows;

    public int Failed { get; private set; }

    public void Add(Row row)
    {
        _rows.Add(row);
        Console.WriteLine(row);
    }

    public async Task TryAsync(string what, Func<Task<IEnumerable<Row>>> measure)
    {
        try
        {
            foreach (Row row in await measure())
            {
                Add(row);
            }
        }
        catch (Exception e)
        {
            Failed++;
            Add(new Row(what, $"not measured: {e.Message}"));
            Console.Error.WriteLine(e);
        }
    }
}
