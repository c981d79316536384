using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Captures each requested range of launches, with its copies, as a graph, which the driver starts as one command.</summary>
/// <param name="launches">Of <see cref="CudaCommand"/>s, as are the copies.</param>
internal sealed class CudaSequence(CudaContext context, IReadOnlyList<PreparedLaunch> launches, StepCopies copies)
    : LaunchSequence(launches, copies)
{
    private readonly Dictionary<(int First, int Last, int Before, int After), CudaGraph> _graphs = [];

    public override void Run(int first, int last, int before = StepCopies.None, int after = StepCopies.None)
    {
        if (last - first < 2) base.Run(first, last, before, after);
        else Graph(first, last, before, after).Launch();
    }

    public override void Dispose()
    {
        foreach (CudaGraph graph in _graphs.Values) graph.Dispose();
        _graphs.Clear();
        base.Dispose();
    }

    private CudaGraph Graph(int first, int last, int before, int after)
    {
        if (_graphs.TryGetValue((first, last, before, after), out CudaGraph? graph)) return graph;
        // Places and slots take turns, so the next step needs the graph of the others.
        Capture(first, last, Other(before, Copies.Before.Count), Other(after, Copies.After.Count));
        return Capture(first, last, before, after);
    }

    private static int Other(int turn, int count) => turn < 0 || count != 2 ? turn : 1 - turn;

    /// <summary>Apart from <see cref="Graph"/>, which would create this method's closure at every call.</summary>
    private CudaGraph Capture(int first, int last, int before, int after)
    {
        if (_graphs.TryGetValue((first, last, before, after), out CudaGraph? graph)) return graph;
        string name = $"{last - first} kernels from {((CudaCommand)Launches[first]).Name} to {((CudaCommand)Launches[last - 1]).Name}";
        graph = CudaGraph.Capture(context, name, stream =>
        {
            if (before >= 0) ((CudaCommand)Copies.Before[before]).Record(stream);
            for (int i = first; i < last; i++) ((CudaCommand)Launches[i]).Record(stream);
            if (after < 0) return;
            foreach (PreparedLaunch read in Copies.After[after]) ((CudaCommand)read).Record(stream);
        });
        _graphs.Add((first, last, before, after), graph);
        return graph;
    }
}
