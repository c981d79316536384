using System.Globalization;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

internal enum CudaComputeMode
{
    Shared = 0,
    Prohibited = 2,
    Exclusive = 3,
}

/// <summary>One device, described by the driver.</summary>
internal sealed record CudaDeviceInfo
{
    public const string NeededDriver = "CUDA 11.0";

    private const int NeededDriverVersion = 11000;
    private const int NeededCapability = 50;

    /// <summary>From here on, matrix units take TF32 and bfloat16, and shared memory is filled while a group computes.</summary>
    private const int UnitsCapability = 80;

    public required CudaApi Api { get; init; }

    /// <summary>The driver's handle of the device.</summary>
    public required int Handle { get; init; }

    public required string Name { get; init; }

    public required long MemoryBytes { get; init; }

    /// <summary>90 for 9.0.</summary>
    public required int ComputeCapability { get; init; }

    /// <summary>The CUDA version that the driver supports: 12040 for 12.4.</summary>
    public required int DriverVersion { get; init; }

    public required CudaComputeMode ComputeMode { get; init; }

    public required int Multiprocessors { get; init; }

    public required int MaxGroupSize { get; init; }

    /// <summary>Largest group in each dimension.</summary>
    public required Size3 MaxGroup { get; init; }

    /// <summary>Most groups per launch in each dimension.</summary>
    public required Size3 MaxGroups { get; init; }

    /// <summary>Most bytes of shared memory per group, if the kernel asks for them before its launches.</summary>
    public required int MaxSharedBytes { get; init; }

    /// <summary>Compiler for the device's kernels; if null, <see cref="CompilerReason"/> says why.</summary>
    public required NvrtcTarget? Compiler { get; init; }

    public required string CompilerReason { get; init; }

    /// <summary>Why the device cannot be used, on one line, or null if it can.</summary>
    public string? Reason => DriverReason ?? (Compiler is null ? CompilerReason : null);

    /// <summary>Why the device cannot be used with any compiler, or null.</summary>
    public string? DriverReason =>
        DriverVersion < NeededDriverVersion
            ? $"its driver has CUDA {VersionText(DriverVersion)}; {NeededDriver} or later is needed: update the driver"
        : ComputeCapability < NeededCapability
            ? $"it has compute capability {CapabilityText(ComputeCapability)}; {CapabilityText(NeededCapability)} or later is needed"
        : ComputeMode == CudaComputeMode.Prohibited ? "its compute mode is 'prohibited': nvidia-smi -c 0 lets programs compute on it"
        : null;

    public bool IsUsable => Reason is null;

    /// <summary>Precisions of kernels in CUDA C.</summary>
    public IReadOnlyList<Precision> Precisions =>
        ComputeCapability >= UnitsCapability ? Plans.Precisions.All : [Precision.Float32];

    /// <summary>Whether only NVRTC is missing.</summary>
    public bool LacksCompilerOnly => Compiler is null && Reason == CompilerReason;

    /// <summary>Description for users: <c>NVIDIA A100, compute capability 8.0, CUDA 12.4</c>.</summary>
    public string Description => $"{Name}, compute capability {CapabilityText(ComputeCapability)}, CUDA {VersionText(DriverVersion)}";

    /// <summary>Everything that a compiled kernel depends on besides its source and options.</summary>
    public string Identity =>
        string.Create(CultureInfo.InvariantCulture, $"{ComputeCapability}\n{DriverVersion}\n{Compiler?.Api.Version}");

    /// <summary>Returns <c>12.4</c> for 12040.</summary>
    public static string VersionText(int version) => string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}");

    /// <summary>Returns <c>9.0</c> for 90.</summary>
    public static string CapabilityText(int capability) =>
        string.Create(CultureInfo.InvariantCulture, $"{capability / 10}.{capability % 10}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Description}, {MemoryBytes >> 20} MiB{(Reason is { } reason ? $" (cannot be used: {reason})" : "")}");
}
