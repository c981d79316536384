using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Captures each requested range of launches, with its copies, as a graph, which the driver starts as one command.</summary>
/// <param name="record">Gives a launch or a copy to a stream.</param>
/// <param name="refused">
/// Is told, once, why a range cannot be captured; all are then launched one by one. Null throws in its place.
/// </param>
internal sealed class CudaSequence(
    CudaContext context, IReadOnlyList<PreparedLaunch> launches, StepCopies copies, Action<PreparedLaunch, nint> record,
    Action<string>? refused = null) : LaunchSequence(launches, copies)
{
    private readonly Dictionary<(int First, int Last, int Before, int After), CudaGraph> _graphs = [];
    private bool _isRefused;

    public override void Run(int first, int last, int before = StepCopies.None, int after = StepCopies.None)
    {
        if (last - first >= 2 && !_isRefused && Graph(first, last, before, after) is { } graph) graph.Launch();
        else base.Run(first, last, before, after);
    }

    public override void Dispose()
    {
        foreach (CudaGraph graph in _graphs.Values) graph.Dispose();
        _graphs.Clear();
        base.Dispose();
    }

    /// <summary>Returns the graph of a range; null where it cannot be captured.</summary>
    private CudaGraph? Graph(int first, int last, int before, int after) =>
        _graphs.TryGetValue((first, last, before, after), out CudaGraph? graph) ? graph : TryCapture(first, last, before, after);

    private CudaGraph? TryCapture(int first, int last, int before, int after)
    {
        try
        {
            // Places and slots take turns, so the next step needs the graph of the others.
            Capture(first, last, Other(before, Copies.Before.Count), Other(after, Copies.After.Count));
            return Capture(first, last, before, after);
        }
        catch (GpuCnnException exception) when (refused is not null && exception is not DeviceLostException)
        {
            _isRefused = true;
            refused(exception.Message);
            return null;
        }
    }

    private static int Other(int turn, int count) => turn < 0 || count != 2 ? turn : 1 - turn;

    /// <summary>Apart from <see cref="Graph"/>, which would create this method's closure at every call.</summary>
    private CudaGraph Capture(int first, int last, int before, int after)
    {
        if (_graphs.TryGetValue((first, last, before, after), out CudaGraph? graph)) return graph;
        string name = $"{last - first} kernels from {Launches[first].Name} to {Launches[last - 1].Name}";
        graph = CudaGraph.Capture(context, name, stream =>
        {
            if (before >= 0) record(Copies.Before[before], stream);
            for (int i = first; i < last; i++) record(Launches[i], stream);
            if (after < 0) return;
            foreach (PreparedLaunch read in Copies.After[after]) record(read, stream);
        });
        _graphs.Add((first, last, before, after), graph);
        return graph;
    }
}
