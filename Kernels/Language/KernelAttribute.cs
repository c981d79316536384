namespace GpuCnn.Kernels.Language;

/// <summary>
/// Marks a <c>readonly partial struct</c> that runs on every device. Its primary constructor is its argument list and <c>Execute()</c> the
/// body for one thread. The compiler adds <see cref="IKernel"/> to it.
/// </summary>
/// <remarks>
/// Without numbers the struct declares <c>public Size3 GroupShape =&gt; …</c> itself, from its specialization constants. What signed integers do on overflow is not
/// defined on a device, nor is what a division by zero does: hashes and random numbers are written in <c>uint</c>.
/// </remarks>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class KernelAttribute : Attribute
{
    public KernelAttribute() { }

    /// <summary>Threads of one group.</summary>
    public KernelAttribute(int x, int y = 1, int z = 1) => GroupShape = new(x, y, z);

    /// <summary>Threads of one group, or nothing where the struct computes them.</summary>
    public Size3 GroupShape { get; }

    /// <summary>
    /// Whether a view that is written may overlap another view: an operator that works in place. Without it compilers are told that views do not overlap.
    /// </summary>
    public bool InPlace { get; init; }
}

/// <summary>
/// Marks an argument that is compiled in: a filter size, a tile, an activation as an enum. There is one compiled variant per distinct set of values.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class SpecializationAttribute : Attribute;

/// <summary>Unrolls those loops of a method whose number of rounds is known when the kernel is compiled for a device.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnrollAttribute : Attribute;
