using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices;

/// <summary>A device that runs networks.</summary>
public abstract class Device : IMemorySource, IDisposable
{
    /// <summary>Opens a device by name: <c>cpu</c>, a kind with an index such as <c>cuda:1</c>, or <c>auto</c>, the best one.</summary>
    /// <exception cref="GpuCnnException">There is no such device, or it cannot be used.</exception>
    public static Device Open(string name = DeviceCatalog.Auto, DeviceSettings? settings = null) => DeviceCatalog.Open(name, settings);

    /// <summary>Name that selects the device: <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Description for users.</summary>
    public abstract string Description { get; }

    /// <summary>Kernel compiler, for users: "ILGPU 1.5.3 to PTX"; null if there is none.</summary>
    public virtual string? KernelCompiler => null;

    /// <summary>Memory that networks can use, in bytes.</summary>
    public abstract long MemoryBytes { get; }

    /// <summary>Bytes of arenas and parameters allocated now.</summary>
    public abstract long AllocatedBytes { get; }

    /// <summary>Bytes that can still be allocated, or null if unknown.</summary>
    public virtual long? FreeBytes => null;

    /// <summary>Whether plans of a precision run here; all devices have float32.</summary>
    public virtual bool Supports(Precision precision) => precision == Precision.Float32;

    /// <summary>The device without how it was asked for: measurements that are kept belong to it.</summary>
    internal virtual string Hardware => Description;

    /// <summary>Whether the host goes on while launches run, so that measuring them needs a wait.</summary>
    internal virtual bool RunsBesideHost => false;

    /// <summary>Creates a store for a network's parameters. It allocates memory when parameters are first set or a plan runs.</summary>
    /// <param name="training">Whether the store has gradients and slots of optimizers.</param>
    /// <param name="inputGradient">Whether plans will need the gradient of the network's input.</param>
    public abstract ParameterStore CreateParameters(Network network, bool training, bool inputGradient = false);

    /// <exception cref="UnsupportedPrecisionException">Plans of the precision do not run here.</exception>
    internal void Require(Precision precision)
    {
        if (!Supports(precision)) throw UnsupportedPrecisionException.Of(precision, Name, Description);
    }

    internal abstract PlanBackend CreateBackend(DeviceParameterStore parameters, PlanOptions options);

    /// <summary>Allocates memory, owned by the caller.</summary>
    /// <param name="what">Purpose of the memory, for messages.</param>
    /// <param name="zeroed">Whether the memory starts as zeros; otherwise it holds arbitrary values.</param>
    /// <exception cref="DeviceOutOfMemoryException">Not enough free memory, or none contiguous.</exception>
    internal abstract DeviceMemory Allocate(long bytes, string what, bool zeroed = true);

    public abstract void Dispose();
}
