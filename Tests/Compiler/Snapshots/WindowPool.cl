typedef struct
{
    uchar Tag;
    int Height;
    int Width;
} Extent;

typedef struct
{
    short Margin;
    Extent In;
    long Stride;
    Extent Out;
    float Scale;
} PoolGeometry;

typedef struct
{
    int Item1;
    int Item2;
    int Item3;
} Tuple_Int32_Int32_Int32;

static inline Tuple_Int32_Int32_Int32 WindowPool_Position(int i, Extent extent)
{
    int pixel = i % (extent.Height * extent.Width);
    return (Tuple_Int32_Int32_Int32){i / (extent.Height * extent.Width), pixel / extent.Width, pixel % extent.Width};
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void WindowPool(
    __global const float* x_base,
    long x_offset,
    __global float* y_base,
    long y_offset,
    PoolGeometry shape,
    uchar kind,
    int count)
{
    __global const float* restrict x = x_base + x_offset;
    __global float* restrict y = y_base + y_offset;
    int i = (int)get_global_id(0);
    if (i >= count)
        return;
    Tuple_Int32_Int32_Int32 T0 = WindowPool_Position(i, shape.Out);
    int plane = T0.Item1;
    int row = T0.Item2;
    int column = T0.Item3;
    float result = kind == 1 ? as_float(0xff800000) : 0.0f;
    int r = 0;
    do
    {
        for (int s = 0; ; s++)
        {
            if (s == SPEC_window)
                break;
            int h = row * (int)shape.Stride + r - (int)shape.Margin;
            int w = column * (int)shape.Stride + s - (int)shape.Margin;
            if (h < 0 || w < 0 || h >= shape.In.Height || w >= shape.In.Width)
                continue;
            float value = x[(plane * shape.In.Height + h) * shape.In.Width + w];
            switch (kind)
            {
                case 1:
                {
                    if (value > result)
                        result = value;
                    break;
                }
                case 2:
                {
                    float share = value / (float)(SPEC_window * SPEC_window);
                    result += share;
                    break;
                }
                case 3:
                default:
                {
                    result++;
                    break;
                }
            }
        }
        r++;
    }
    while (r < SPEC_window);
    y[i] = result * shape.Scale + (float)shape.In.Tag;
}
