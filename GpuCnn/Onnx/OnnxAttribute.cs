using GpuCnn.Protobuf;

namespace GpuCnn.Onnx;

/// <summary>A named number, or list of whole numbers, of an ONNX node.</summary>
public sealed class OnnxAttribute
{
    // Fields of AttributeProto, and members of its AttributeType.
    private const int NameField = 1, FloatField = 2, IntField = 3, IntsField = 8, TypeField = 20, FloatType = 1, IntType = 2, IntsType = 7;

    private OnnxAttribute(string name, int type, Action<ProtobufMessage> value)
    {
        Message = new ProtobufMessage().Add(NameField, name);
        value(Message);
        Message.Add(TypeField, type);
    }

    internal ProtobufMessage Message { get; }

    public static OnnxAttribute Float(string name, float value) => new(name, FloatType, message => message.Add(FloatField, value));

    public static OnnxAttribute Int(string name, long value) => new(name, IntType, message => message.Add(IntField, value));

    public static OnnxAttribute Ints(string name, params IReadOnlyList<int> values) => new(name, IntsType, message =>
    {
        foreach (int value in values) message.Add(IntsField, (long)value);
    });
}
