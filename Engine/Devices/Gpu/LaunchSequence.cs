using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>A compiled kernel with its arguments and grid, the same for every run. Its one owner disposes of it.</summary>
internal abstract class PreparedLaunch : IDisposable
{
    /// <summary>Queues the kernel after earlier ones, without waiting.</summary>
    public abstract void Run();

    /// <summary>What the kernel takes of the device; null if the device does not tell.</summary>
    public virtual KernelResources? Resources => null;

    public abstract void Dispose();
}

/// <summary>Launches that run repeatedly, in order. Owns them.</summary>
internal class LaunchSequence(IReadOnlyList<PreparedLaunch> launches) : IDisposable
{
    public IReadOnlyList<PreparedLaunch> Launches { get; } = launches;

    /// <summary>Runs launches [first, last). Allocates nothing after the first time.</summary>
    public virtual void Run(int first, int last)
    {
        for (int i = first; i < last; i++) Launches[i].Run();
    }

    public virtual void Dispose()
    {
        foreach (PreparedLaunch launch in Launches) launch.Dispose();
    }
}
