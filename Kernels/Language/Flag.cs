namespace GpuCnn.Kernels.Language;

/// <summary>
/// Boolean specialization argument. It replaces bool in a kernel's arguments, because bool has no defined size on a device and is not
/// blittable.
/// </summary>
public readonly struct Flag(int value)
{
    /// <summary>1 or 0.</summary>
    public readonly int Value = value;

    public static implicit operator bool(Flag flag) => flag.Value != 0;

    public static implicit operator Flag(bool value) => new(value ? 1 : 0);

    public override string ToString() => Value != 0 ? "true" : "false";
}
