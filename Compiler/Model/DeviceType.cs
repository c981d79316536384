namespace GpuCnn.Compiler.Model;

internal enum Scalar
{
    Void,
    Bool,
    SByte,
    Byte,
    Short,
    UShort,
    Int,
    UInt,
    Long,
    ULong,
    Float,
    Double,
    Float16,
    BFloat16,
    Float2,
    Float4,
}

/// <summary>The memory a view points to.</summary>
internal enum Space
{
    Global,
    Shared,
    Local,
}

/// <summary>A type on a device.</summary>
internal abstract record DeviceType
{
    public static ScalarType Int { get; } = new(Model.Scalar.Int);

    public static ScalarType Bool { get; } = new(Model.Scalar.Bool);

    public Scalar? Scalar => (this as ScalarType)?.Kind;
}

internal sealed record ScalarType(Scalar Kind) : DeviceType;

/// <param name="Name">The name of a <see cref="StructModel"/>.</param>
internal sealed record StructType(string Name) : DeviceType;

/// <summary>A struct without fields: it decides which functions are called, and does not appear in a device's text.</summary>
internal sealed record EmptyType : DeviceType
{
    public static EmptyType Instance { get; } = new();
}

/// <summary>A view: where its elements are. Its length does not reach the device.</summary>
internal sealed record PointerType(DeviceType Element, Space Space, bool IsReadOnly) : DeviceType;

internal static class ScalarKinds
{
    public static bool IsFloating(this Scalar kind) => kind is Scalar.Float or Scalar.Double;

    public static bool IsInteger(this Scalar kind) => kind is >= Scalar.SByte and <= Scalar.ULong;

    public static bool IsVector(this Scalar kind) => kind is Scalar.Float2 or Scalar.Float4;

    public static bool IsStorage(this Scalar kind) => kind is Scalar.Float16 or Scalar.BFloat16;

    public static bool IsWide(this Scalar kind) => kind is Scalar.Long or Scalar.ULong;
}
