using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices;

/// <summary>The tensors of a plan's values, or of their gradients.</summary>
internal sealed class TensorTable(DeviceBackend backend)
{
    private readonly Dictionary<Value, DeviceTensor> _tensors = [];

    /// <summary>Returns a value's tensor, or null; a view has its root's.</summary>
    public DeviceTensor? Find(Value value)
    {
        if (!_tensors.TryGetValue(Plan.Root(value, backend.Training), out DeviceTensor? tensor)) return null;
        return tensor with { Layout = tensor.Layout with { Shape = value.Shape } };
    }

    /// <summary>Assigns an existing tensor to a value.</summary>
    public void Place(Value value, DeviceTensor tensor) => _tensors.Add(value, tensor);

    /// <summary>Returns a value's tensor, and creates it if needed: its own, or a part of the whole's if it is a slice.</summary>
    public DeviceTensor Place(string name, Value value, bool persistent)
    {
        if (_tensors.TryGetValue(value, out DeviceTensor? tensor)) return tensor;
        TensorLayout layout = backend.LayOut(value);
        if (backend.Slices.GetValueOrDefault(value) is { } slice)
        {
            DeviceTensor whole = Place(name, slice.Whole, backend.IsOutput(slice.Whole));
            tensor = new(whole.Elements, layout, backend.Images)
            {
                IsBFloat16 = whole.IsBFloat16,
                WholeChannels = slice.Whole.Shape.Channels,
                FirstChannel = slice.FirstChannel,
            };
        }
        else
        {
            tensor = backend.NewTensor(name, layout, backend.IsBFloat16(value), persistent);
        }
        return _tensors[value] = tensor;
    }
}
