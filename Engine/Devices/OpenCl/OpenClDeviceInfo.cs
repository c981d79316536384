using System.Globalization;

namespace GpuCnn.Engine.Devices.OpenCl;

internal enum OpenClDeviceType
{
    Gpu,
    Accelerator,
    Cpu,
    Other,
}

/// <summary>One device, described by its driver.</summary>
internal sealed record OpenClDeviceInfo
{
    /// <summary>Local memory that the kernels expect; every full-profile device has it.</summary>
    public const long NeededLocalBytes = 32 << 10;

    public const int NeededGroupSize = 256;

    private static readonly Version NeededVersion = new(1, 2);

    public required OpenClApi Api { get; init; }

    public required nint PlatformHandle { get; init; }

    public required nint Handle { get; init; }

    public required string Platform { get; init; }

    public required string PlatformVersion { get; init; }

    public required string Name { get; init; }

    public required string Vendor { get; init; }

    /// <summary>Text from the device: <c>OpenCL 3.0 CUDA</c>.</summary>
    public required string Version { get; init; }

    public required string DriverVersion { get; init; }

    public required OpenClDeviceType Type { get; init; }

    public required long GlobalMemoryBytes { get; init; }

    /// <summary>Largest single allocation; a larger arena is several.</summary>
    public required long MaxAllocationBytes { get; init; }

    public required long LocalMemoryBytes { get; init; }

    public required int ComputeUnits { get; init; }

    public required int MaxGroupSize { get; init; }

    /// <summary>Largest group in each dimension.</summary>
    public required OpenClSize MaxGroup { get; init; }

    public required int BaseAlignmentBytes { get; init; }

    public required IReadOnlyList<string> Extensions { get; init; }

    public required bool IsAvailable { get; init; }

    public required bool HasCompiler { get; init; }

    public required bool IsLittleEndian { get; init; }

    public required bool IsFullProfile { get; init; }

    /// <summary>Why the device cannot be used, on one line, or null if it can.</summary>
    public string? Reason =>
        !IsAvailable ? "the driver reports that it is not available now"
        : ParseVersion(Version) is not { } version ? $"its version is '{Version}'; expected 'OpenCL 1.2' or later"
        : version < NeededVersion ? $"it has OpenCL {version}; 1.2 or later is needed"
        : !HasCompiler ? "its driver has no compiler for kernels"
        : !IsFullProfile ? "it has the embedded profile; the full profile is needed"
        : !IsLittleEndian ? "it is big-endian"
        : LocalMemoryBytes < NeededLocalBytes ? $"it has {LocalMemoryBytes} bytes of local memory; {NeededLocalBytes} are needed"
        : MaxGroupSize < NeededGroupSize ? $"its groups have at most {MaxGroupSize} threads; {NeededGroupSize} are needed"
        : null;

    public bool IsUsable => Reason is null;

    /// <summary>Description for users: <c>NVIDIA A100, NVIDIA CUDA, OpenCL 3.0</c>.</summary>
    public string Description => $"{Name}, {Platform}, {(ParseVersion(Version) is { } version ? $"OpenCL {version}" : Version)}";

    /// <summary>Everything that a compiled program depends on.</summary>
    public string Identity => string.Join('\n', Platform, PlatformVersion, Name, Vendor, Version, DriverVersion);

    /// <summary>Reads the numbers of a text such as <c>OpenCL 1.2 vendor's words</c>.</summary>
    private static Version? ParseVersion(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 1 && words[0] == "OpenCL" && System.Version.TryParse(words[1], out Version? version) ? version : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Description}, {GlobalMemoryBytes >> 20} MiB{(Reason is { } reason ? $" (cannot be used: {reason})" : "")}");
}
