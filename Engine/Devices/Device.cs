using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices;

/// <summary>Something that networks run on.</summary>
public abstract class Device : IMemorySource, IDisposable
{
    /// <summary>Opens a device by name: <c>cpu</c>, a kind with an index such as <c>cuda:1</c>, or <c>auto</c>, the best one.</summary>
    /// <exception cref="GpuCnnException">There is no such device, or it cannot be used.</exception>
    public static Device Open(string name = DeviceCatalog.Auto, DeviceSettings? settings = null) => DeviceCatalog.Open(name, settings);

    /// <summary>The name it is asked for by: <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, for people.</summary>
    public abstract string Description { get; }

    /// <summary>What compiles the kernels, for people: "ILGPU 1.5.3 to PTX"; null where nothing does.</summary>
    public virtual string? KernelCompiler => null;

    /// <summary>Memory that networks can use, in bytes.</summary>
    public abstract long MemoryBytes { get; }

    /// <summary>Bytes of arenas and parameters that are allocated now.</summary>
    public abstract long AllocatedBytes { get; }

    /// <summary>Bytes that can still be allocated; null where nobody tells.</summary>
    public virtual long? FreeBytes => null;

    /// <summary>Room for a network's parameters; nothing is allocated before they are first set or a plan runs.</summary>
    /// <param name="training">Whether gradients, and the slots of optimizers, are kept beside them.</param>
    /// <param name="inputGradient">Whether plans will ask for the gradient of the network's input.</param>
    public abstract ParameterStore CreateParameters(Network network, bool training, bool inputGradient = false);

    internal abstract PlanBackend CreateBackend(DeviceParameterStore parameters, PlanOptions options);

    /// <summary>Allocates memory, owned by the caller.</summary>
    /// <param name="what">What it is for, in messages.</param>
    /// <param name="zeroed">Whether it holds zeros at first; else it holds anything.</param>
    /// <exception cref="DeviceOutOfMemoryException">Not enough free memory, or none contiguous.</exception>
    internal abstract DeviceMemory Allocate(long bytes, string what, bool zeroed = true);

    public abstract void Dispose();
}
