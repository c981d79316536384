namespace GpuCnn.Engine.Plans;

/// <summary>What a compiled kernel takes of a device, as the driver reports it.</summary>
/// <param name="Kernel">Name of the kernel.</param>
/// <param name="Threads">Threads of a group.</param>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="LocalBytes">Bytes of a thread's values that are not in registers. This memory is slow.</param>
/// <param name="SharedBytes">Bytes of shared memory of a group.</param>
/// <param name="Occupancy">Threads that a multiprocessor holds at once, as a part of those it could; null if unknown.</param>
public sealed record KernelResources(string Kernel, int Threads, int Registers, int LocalBytes, int SharedBytes, double? Occupancy);
