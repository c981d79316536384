namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>A compiled kernel with its arguments and its grid: the same at each run. Has one owner, who disposes of it.</summary>
internal abstract class PreparedLaunch : IDisposable
{
    /// <summary>Gives it to the device, behind what was given before; does not wait.</summary>
    public abstract void Run();

    public abstract void Dispose();
}

/// <summary>Launches that run in order, again and again. Owns them.</summary>
internal class LaunchSequence(IReadOnlyList<PreparedLaunch> launches) : IDisposable
{
    public IReadOnlyList<PreparedLaunch> Launches { get; } = launches;

    /// <summary>Runs launches [first, last); allocates nothing after the first time.</summary>
    public virtual void Run(int first, int last)
    {
        for (int i = first; i < last; i++) Launches[i].Run();
    }

    public virtual void Dispose()
    {
        foreach (PreparedLaunch launch in Launches) launch.Dispose();
    }
}
